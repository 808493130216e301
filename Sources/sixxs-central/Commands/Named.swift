internal import ArgumentParser
internal import Central
internal import Streams

/// What a command does something to: named on the command line, or on standard input.
enum Named<Value: Hashable & Sendable>: Hashable, Sendable {
    case value(Value)

    /// `-`: those that standard input names.
    case input

    init(_ text: String, _ parse: (String) throws -> Value) throws {
        self = text == "-" ? .input : .value(try parse(text))
    }
}

/// The things that were named, each once, in their order.
struct NamedThings<Value: Hashable & Sendable> {
    let all: [Value]

    /// - Parameter all: Each once.
    init(_ all: [Value]) { self.all = all }

    /// Reads standard input where it is named.
    ///
    /// - Throws: ``RegistryError``, or `ValidationError` for a word on standard input that names nothing.
    init(_ names: [Named<Value>], _ parse: (String) throws -> Value) throws {
        var seen: Set<Value> = []
        let all = try names.flatMap { name in
            switch name {
            case .value(let value): [value]
            case .input: try Self.values(on: try InputFile.octets(of: "-"), parse)
            }
        }
        self.all = all.filter { seen.insert($0).inserted }
    }

    /// The words of a text, with blanks, commas or line ends between.
    static func values(on octets: [UInt8], _ parse: (String) throws -> Value) throws -> [Value] {
        let words = String(decoding: octets, as: UTF8.self).split { $0.isWhitespace || $0 == "," }
        return try words.map { word in
            do {
                return try parse(String(word))
            } catch {
                throw ValidationError("standard input: \(error)")
            }
        }
    }

    /// The verb that goes with ``words``.
    var be: PrintedText { self.all.count == 1 ? "is" : "are" }

    /// The things in a sentence, the first few by name: `T7, T8 and 118 more`.
    var words: PrintedText {
        let shown = self.all.count <= Self.mostNames + 1 ? self.all : Array(self.all.prefix(Self.mostNames))
        let names = shown.map { "\($0)" }.joined(separator: ", ")
        return self.all.count > shown.count ? "\(names) and \(self.all.count - shown.count) more" : "\(names)"
    }

    private static var mostNames: Int { 8 }
}
