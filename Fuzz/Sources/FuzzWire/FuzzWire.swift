#if canImport(Glibc)
import Glibc
#endif

/// libFuzzer's own loop, for programs that bring their own `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argc: UnsafeMutablePointer<CInt>,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafeRawPointer?, Int) -> CInt
) -> CInt

/// What the inputs are given to; set once, before the fuzzer begins.
private nonisolated(unsafe) var target = FuzzTarget.ipv6

/// Any octets at all: the target may refuse them, but must neither trap nor break a promise.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    do throws(BrokenInvariant) {
        try target.check(input)
    } catch {
        print("\(target.rawValue): not so: \(error)")
        fflush(nil)
        // The fuzzer keeps the input that ends the process.
        abort()
    }
    return 0
}

/// `FuzzWire <target> [<option or folder of libFuzzer> …]`.
@main
enum FuzzWire {
    static func main() {
        guard let chosen = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init(rawValue:)) else {
            let names = FuzzTarget.allCases.map(\.rawValue)
            print(names.joined(separator: "\n"))
            exit(CommandLine.argc == 1 ? 0 : 2)
        }
        target = chosen
        // libFuzzer must not see the target's name: it would take it for a folder.
        var argc = CommandLine.argc - 1
        var argv = CommandLine.unsafeArgv + 1
        argv[0] = CommandLine.unsafeArgv[0]
        exit(runFuzzer(&argc, &argv, fuzzOneInput))
    }
}
