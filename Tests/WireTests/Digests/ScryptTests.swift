import TestSupport
import Testing
import Wire

@Suite("scrypt") struct ScryptTests {
    private struct Vector: Sendable, CustomTestStringConvertible {
        let password: String
        let salt: String
        let cost: (logarithm: Int, blockSize: Int, repetitions: Int)
        let key: String
        var testDescription: String { "\(self.password)/\(self.salt)" }
    }

    /// Of RFC 7914 §12.
    private static let vectors = [
        Vector(
            password: "",
            salt: "",
            cost: (4, 1, 1),
            key: "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        Vector(
            password: "password",
            salt: "NaCl",
            cost: (10, 8, 16),
            key: "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
    ]

    @Test(arguments: Self.vectors) private func derivesWhatTheStandardSays(_ vector: Vector) throws {
        let scrypt = try #require(
            Scrypt(
                logarithm: vector.cost.logarithm,
                blockSize: vector.cost.blockSize,
                repetitions: vector.cost.repetitions
            )
        )
        let key = scrypt.key(of: Array(vector.password.utf8), salt: Array(vector.salt.utf8), length: 64)

        #expect(key.hexadecimalText == vector.key)
    }

    // swift-format-ignore
    static let costs: [Row<(Int, Int, Int), Bool>] = [
        Row("today's",             (15, 8, 3),              is: true),
        Row("the most memory",     (18, 8, 1),              is: true),
        Row("more than that",      (19, 8, 1),              is: false),
        Row("no cost",             (0, 8, 1),               is: false),
        Row("less than none",      (-1, 8, 1),              is: false),
        Row("an overflow",         (64, 8, 1),              is: false),
        Row("no block",            (15, 0, 1),              is: false),
        Row("a block of all",      (15, Int.max, 1),        is: false),
        Row("no repetition",       (15, 8, 0),              is: false),
        Row("for ever",            (15, 8, 17),             is: false),
    ]

    @Test(arguments: Self.costs) func costsNoMoreThanALoginMay(_ row: Row<(Int, Int, Int), Bool>) {
        let cost = Scrypt(logarithm: row.input.0, blockSize: row.input.1, repetitions: row.input.2)

        #expect((cost != nil) == row.output)
    }
}
