internal import CLinux
internal import Glibc
internal import Synchronization

/// Lines that a person types at a terminal, with editing, history and completion by libedit, where the host has it.
///
/// The library is looked for when it is needed, so that a daemon neither depends on it nor has it in memory. Without it, lines
/// are as the terminal gives them.
public struct LineEditor: Sendable {
    /// Says what a line's last word may become.
    ///
    /// - Parameters:
    ///   - line: What stands before that word.
    ///   - word: The word as far as it is typed.
    /// - Returns: The words that begin like that.
    public typealias Completion = @Sendable (_ line: String, _ word: String) -> [String]

    private typealias ReadLine = @convention(c) (UnsafePointer<CChar>) -> UnsafeMutablePointer<CChar>?
    private typealias AddHistory = @convention(c) (UnsafePointer<CChar>) -> CInt
    private typealias Generator = @convention(c) (UnsafePointer<CChar>?, CInt) -> UnsafeMutablePointer<CChar>?
    private typealias Matches =
        @convention(c) (UnsafePointer<CChar>?, Generator) ->
        UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    private typealias Attempt =
        @convention(c) (UnsafePointer<CChar>?, CInt, CInt) ->
        UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

    /// What the library calls back for, and what it was told last: it knows of no instance.
    private struct Callbacks {
        var completion: Completion?
        var candidates: [String] = []
        var matches: Matches?
        var buffer: UnsafePointer<UnsafePointer<CChar>?>?
        /// Set to one by each attempt: names of files are no completion here.
        var attemptIsOver: UnsafeMutablePointer<CInt>?
    }

    nonisolated(unsafe) private static var callbacks = Callbacks()

    private let readLine: ReadLine?
    private let addHistory: AddHistory?

    /// Looks for the library.
    ///
    /// - Parameter completion: Says what words may become. There may be one editor in a process at a time, in one thread.
    public init(completion: @escaping Completion) {
        guard let library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL),
            let read = dlsym(library, "readline"), let add = dlsym(library, "add_history"),
            let matches = dlsym(library, "rl_completion_matches"),
            let attempt = dlsym(library, "rl_attempted_completion_function"),
            let over = dlsym(library, "rl_attempted_completion_over"),
            let buffer = dlsym(library, "rl_line_buffer")
        else {
            self.readLine = nil
            self.addHistory = nil
            return
        }
        self.readLine = unsafeBitCast(read, to: ReadLine.self)
        self.addHistory = unsafeBitCast(add, to: AddHistory.self)
        Self.callbacks = Callbacks(
            completion: completion,
            matches: unsafeBitCast(matches, to: Matches.self),
            buffer: UnsafePointer(buffer.assumingMemoryBound(to: UnsafePointer<CChar>?.self)),
            attemptIsOver: over.assumingMemoryBound(to: CInt.self)
        )
        attempt.assumingMemoryBound(to: Attempt?.self).pointee = { word, start, _ in
            LineEditor.attempt(word, start)
        }
    }

    /// Waits for a line.
    ///
    /// - Parameter prompt: What stands before it.
    /// - Returns: The line without its end; nil at the end of what is typed.
    public func next(_ prompt: String) -> String? {
        guard let read = self.readLine, let add = self.addHistory else {
            _ = write(STDOUT_FILENO, prompt, prompt.utf8.count)
            return Swift.readLine()
        }
        guard let line = read(prompt) else { return nil }
        defer { free(line) }
        if line.pointee != 0 { _ = add(line) }
        return String(cString: line)
    }

    private static func attempt(
        _ word: UnsafePointer<CChar>?,
        _ start: CInt
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        self.callbacks.attemptIsOver?.pointee = 1
        guard let word, let line = self.callbacks.buffer?.pointee, let matches = self.callbacks.matches,
            let completion = self.callbacks.completion
        else { return nil }
        let before = String(decoding: String(cString: line).utf8.prefix(Int(max(0, start))), as: UTF8.self)
        self.callbacks.candidates = completion(before, String(cString: word))
        return matches(word) { _, number in
            if number == 0 { LineEditor.callbacks.candidates.reverse() }
            return LineEditor.callbacks.candidates.popLast().flatMap { strdup($0) }
        }
    }
}
