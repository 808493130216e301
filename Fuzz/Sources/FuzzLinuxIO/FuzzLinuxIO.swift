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

/// Any octets at all as a datagram of the kernel.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    do throws(BrokenPromise) {
        try checkNetlink(input)
    } catch {
        print("netlink: not so: \(error)")
        fflush(nil)
        // The fuzzer keeps the input that ends the process.
        abort()
    }
    return 0
}

/// `FuzzLinuxIO netlink [<option or folder of libFuzzer> …]`.
@main
enum FuzzLinuxIO {
    static func main() {
        guard CommandLine.arguments.dropFirst().first == "netlink" else {
            print("netlink")
            exit(CommandLine.argc == 1 ? 0 : 2)
        }
        // libFuzzer must not see the target's name: it would take it for a folder.
        var argc = CommandLine.argc - 1
        var argv = CommandLine.unsafeArgv + 1
        argv[0] = CommandLine.unsafeArgv[0]
        exit(runFuzzer(&argc, &argv, fuzzOneInput))
    }
}
