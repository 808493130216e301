/// A file that holds secrets: nobody else can read it, not for a moment.
package enum PrivateFile {
    /// Makes the file, or takes the place of one that is there, with mode 0600 from its first octet on.
    ///
    /// A reader, or a host that loses power, sees the old text or the new one.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``; the path is as it was then.
    package static func write(_ text: String, to path: String) throws(RegistryError) {
        try WholeFile.write(Array(text.utf8), to: path, mode: 0o600)
    }
}
