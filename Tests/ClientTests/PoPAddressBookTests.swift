import TestSupport
import Testing
import Wire

@testable import sixxs_client

@Suite("The PoP's host") struct PoPHostTests {
    // swift-format-ignore
    static let texts: [Row<String, String?>] = [
        Row("an IPv4 address", "192.0.2.1", is: "192.0.2.1"),
        Row("an IPv6 address", "2001:DB8:0::1", is: "2001:db8::1"),
        Row("loopback", "127.0.0.1", is: "127.0.0.1"),
        Row("a name", "chtst01.sixxs.net", is: "chtst01.sixxs.net"),
        Row("one label", "pop", is: "pop"),
        Row("digits and letters", "1and1.example", is: "1and1.example"),
        Row("no such address", "192.0.2.300", is: nil),
        Row("a short address", "192.0.2", is: nil),
        Row("a multicast address", "ff02::1", is: nil),
        Row("no address at all", "0.0.0.0", is: nil),
        Row("a port", "192.0.2.1:5072", is: nil),
        Row("a label without letters", "pop..example", is: nil),
        Row("an option", "-v", is: nil),
        Row("blanks", "pop example", is: nil),
        Row("empty", "", is: nil),
        Row("a long label", String(repeating: "a", count: 64), is: nil),
        Row("a long name", String(repeating: "a.", count: 127) + "a", is: nil),
    ]

    @Test(arguments: texts)
    func isAnAddressOrAName(_ row: Row<String, String?>) {
        #expect(PoPHost(row.input)?.description == row.output)
    }
}

@Suite("The PoP's addresses") struct PoPAddressBookTests {
    private static let first = IPAddress.ipv4(IPv4Address(192, 0, 2, 1))
    private static let second = IPAddress.ipv4(IPv4Address(192, 0, 2, 2))
    private static let ipv6 = IPAddress.ipv6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 1))

    private static func book(onlyIPv4: Bool = false) -> PoPAddressBook {
        PoPAddressBook(.name("pop.example"), at: .zero) { address in
            guard onlyIPv4, case .ipv6 = address else { return true }
            return false
        }
    }

    @Test func thatWasGivenIsNeverLookedUp() {
        var book = PoPAddressBook(.address(Self.first), at: .zero) { _ in true }

        #expect(book.current == Self.first)
        #expect(book.nextLookup == nil)
        book.noteSilence(at: .seconds(10))
        #expect(book.takeLookup(at: .seconds(1000)) == nil)
    }

    @Test func areLookedUpAtOnceAndOneAtATime() {
        var book = Self.book()

        #expect(book.current == nil)
        #expect(book.takeLookup(at: .zero) == "pop.example")
        #expect(book.takeLookup(at: .seconds(1000)) == nil, "one is under way")
        book.noteSilence(at: .seconds(1000))
        #expect(book.takeLookup(at: .seconds(1000)) == nil)
        #expect(
            book.note([Self.first], isAnswering: false, at: .seconds(1)) == .moved(from: nil, to: Self.first)
        )
        #expect(book.nextLookup == .seconds(31))
    }

    @Test func stayWhileTheTunnelWorks() {
        var book = Self.book()
        _ = book.note([Self.first, Self.second], isAnswering: false, at: .zero)

        #expect(book.note([Self.second, Self.first], isAnswering: true, at: .seconds(10)) == .none)
        #expect(book.current == Self.first)
        #expect(book.nextLookup == .seconds(310))
        #expect(book.takeLookup(at: .seconds(309)) == nil)
        #expect(book.takeLookup(at: .seconds(310)) != nil)
    }

    @Test func changeWithTheName() {
        var book = Self.book()
        _ = book.note([Self.first], isAnswering: false, at: .zero)

        let change = book.note([Self.second], isAnswering: true, at: .seconds(300))

        #expect(change == .moved(from: Self.first, to: Self.second))
    }

    @Test func areTriedInTurnWhenThePoPIsSilent() {
        var book = Self.book()
        _ = book.note([Self.first, Self.second], isAnswering: false, at: .zero)
        book.noteSilence(at: .seconds(10))

        #expect(book.takeLookup(at: .seconds(10)) != nil)
        #expect(
            book.note([Self.first, Self.second], isAnswering: false, at: .seconds(10))
                == .moved(from: Self.first, to: Self.second)
        )
        #expect(
            book.note([Self.first, Self.second], isAnswering: false, at: .seconds(40))
                == .moved(from: Self.second, to: Self.first)
        )
        #expect(book.note([Self.first], isAnswering: false, at: .seconds(70)) == .none)
    }

    @Test func areOfTheKindThatTheTunnelCanReach() {
        var book = Self.book(onlyIPv4: true)

        #expect(book.note([Self.ipv6], isAnswering: false, at: .zero) == .unusable([Self.ipv6]))
        #expect(book.current == nil)
        #expect(
            book.note([Self.ipv6, Self.first], isAnswering: false, at: .zero)
                == .moved(from: nil, to: Self.first)
        )
    }

    @Test func areKeptWhenTheResolverFails() {
        var book = Self.book()
        _ = book.note([Self.first], isAnswering: true, at: .zero)

        var pauses: [Duration?] = []
        for _ in 0..<7 {
            #expect(book.noteFailure("no answer", at: .zero) == .failed("no answer"))
            pauses.append(book.nextLookup)
        }

        #expect(book.current == Self.first)
        #expect(pauses == [2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }
}
