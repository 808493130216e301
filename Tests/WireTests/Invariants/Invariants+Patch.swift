import Wire

/// The configuration that patches are tried on.
private let base = """
    pop set details 1 chtst01 192.0.2.42 2001:db8::42
    pop set id 1
    pop tunnelprefix add 2001:db8:2ff::/48
    pop subnetprefix add 2001:db8:3000::/40
    tunnel set config 0 T4141 203.0.113.10 up 1480
    tunnel set config 1 T5072 ayiya up 1428 geheim
    subnet set config 2001:db8:3001::/48 1 static

    """

func checkPatch(_ input: [UInt8]) throws(BrokenInvariant) {
    guard let patch = try? ConfigurationPatch(parsing: input) else { return }
    try require(patch.lineCount <= ConfigurationPatch.maximumLineCount, "no more lines than may be")
    let again = try? ConfigurationPatch(parsing: Array(patch.text.utf8))
    try require(again == patch, "its text reads as itself")
    guard let configuration = try? Configuration(parsing: base, file: "base") else {
        throw BrokenInvariant(description: "the base is one")
    }
    let changed = patch.applied(to: configuration)
    try require(patch.applied(to: changed) == changed, "twice is once")
    for tid in patch.removedTunnels {
        try require(!changed.tunnels.contains { $0.tid == tid }, "what is removed is gone")
    }
    for tunnel in patch.tunnels { try require(changed.tunnels.contains(tunnel), "what is set is there") }
    let least = ConfigurationPatch(from: configuration, to: changed)
    try require(least?.applied(to: configuration) == changed, "the difference leads to the same")
    try require((least?.lineCount ?? .max) <= patch.lineCount, "the difference is no longer")
    guard (try? changed.check()) != nil else { return }
    let loaded = try? Configuration(parsing: changed.canonicalText, file: "patched")
    try require(loaded == changed, "the patched text loads to the same")
}
