internal import Glibc

/// Micro-benchmarks of Wire and Core: tables of figures, a check for allocations, work for instruction counts.
@main
enum Bench {
    private static let usage = """
        usage: sixxsd-bench                              print all tables
               sixxsd-bench --check                      exit 1 when the data path allocates
               sixxsd-bench --instructions NAME BATCHES  do so many batches of an operation, for callgrind
               sixxsd-bench --operations                 list what can be counted that way
        """

    static func main() {
        switch CommandLine.arguments.dropFirst() {
        case []: Report.print()
        case ["--check"]: exit(AllocationCheck.run() ? EXIT_SUCCESS : EXIT_FAILURE)
        case ["--operations"]: InstructionWork.printOperations()
        case let words where words.count == 3 && words.first == "--instructions":
            guard let batches = Int(words[3]), InstructionWork.run(words[2], batches: batches) else {
                fallthrough
            }
        default:
            print(Self.usage)
            exit(2)
        }
    }
}
