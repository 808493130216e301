// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
// Non-escapable view types (`~Escapable` over `RawSpan`) still need `Lifetimes` in Swift 6.3.
let views: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]
// Not for tests: what `#expect` expands to is unsafe by this setting's lights.
let memorySafe: [SwiftSetting] = views + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "sixxsd",
    products: [
        .library(name: "SixxsWire", targets: ["Wire"]),
        .library(name: "SixxsCore", targets: ["Core"]),
        .library(name: "SixxsLinuxIO", targets: ["LinuxIO"]),
        .executable(name: "sixxsd", targets: ["sixxsd"]),
        .executable(name: "sixxs-client", targets: ["sixxs-client"]),
        .executable(name: "sixxs-central", targets: ["sixxs-central"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CSpawn", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CLinux", dependencies: ["CURing"], cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CSHA1", dependencies: ["CLibCrypto"]),
        .target(name: "CFastPath", exclude: ["programs"]),
        .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibSSH", pkgConfig: "libssh", providers: [.apt(["libssh-dev"])]),
        .systemLibrary(name: "CLibSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CURing", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
        .target(name: "Wire", dependencies: ["CLibCrypto", "CSHA1"], swiftSettings: memorySafe),
        .target(name: "Core", dependencies: ["Wire"], swiftSettings: memorySafe),
        .target(
            name: "LinuxIO",
            dependencies: ["Wire", "CLibBPF", "CLinux", systemPackage],
            swiftSettings: views
        ),
        // The tables that the kernel's programs forward by.
        .target(
            name: "FastPath",
            dependencies: ["CFastPath", "Core", "LinuxIO", "Wire", systemPackage],
            swiftSettings: views
        ),
        // What the programs say: the one way to a terminal or a log.
        .target(
            name: "Streams",
            dependencies: ["Wire", argumentParser, logging, systemPackage],
            swiftSettings: strict
        ),
        // What answers over HTTP, in the centre and in the daemon: connections, routes, and pages whose texts are escaped.
        .target(
            name: "HTTP",
            dependencies: [
                "Wire", logging, serviceLifecycle,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "sixxsd",
            dependencies: [
                "Core", "FastPath", "HTTP", "Wire", "LinuxIO", "Streams", argumentParser, logging,
                serviceLifecycle,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"), systemPackage,
            ],
            swiftSettings: views
        ),
        .executableTarget(
            name: "sixxs-client",
            dependencies: ["Core", "TLS", "Wire", "LinuxIO", "Streams", argumentParser, logging],
            swiftSettings: views
        ),
        // Latency and traffic over time as SVG: figures in, text out.
        .target(name: "Graphs", swiftSettings: strict),
        // The centre's rules, stores and rounds, whatever face is on them.
        .target(
            name: "Central",
            dependencies: [
                "Graphs", "Wire", "CLibSSH", "CSpawn", "Streams", logging, serviceLifecycle,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        // The centre's pages and metrics.
        .target(
            name: "CentralWeb",
            dependencies: ["Central", "Graphs", "HTTP", "Wire", logging],
            swiftSettings: strict
        ),
        // TLS between octets in memory, without session tickets, which libssl alone can leave out.
        .target(name: "TLS", dependencies: ["CLibSSL"], swiftSettings: strict),
        // What clients of TIC are told.
        .target(
            name: "CentralTIC",
            dependencies: [
                "Central", "HTTP", "TLS", "Wire", logging, serviceLifecycle,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "sixxs-central",
            dependencies: [
                "Central", "CentralTIC", "CentralWeb", "Graphs", "HTTP", "TLS", "Wire", "Streams",
                argumentParser,
                logging,
                serviceLifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .target(name: "CAllocationCounter", path: "Benchmarks/Sources/CAllocationCounter"),
        // No product, and nothing that the programs are built from depends on it.
        .executableTarget(
            name: "sixxsd-bench",
            dependencies: ["CAllocationCounter", "CLibCrypto", "Core", "Wire"],
            path: "Benchmarks/Sources/sixxsd-bench",
            swiftSettings: views
        ),
        // What the centre's store costs.
        .executableTarget(
            name: "sixxs-central-bench",
            dependencies: ["Central", "Wire"],
            path: "Benchmarks/Sources/sixxs-central-bench",
            swiftSettings: strict
        ),
        // Only the tests depend on it.
        .target(
            name: "TestSupport",
            dependencies: ["Wire"],
            path: "Tests/TestSupport",
            resources: [.copy("Fixtures")],
            swiftSettings: views
        ),
        .testTarget(
            name: "WireTests",
            dependencies: ["Wire", "CSHA1", "TestSupport"],
            swiftSettings: views
        ),
        .testTarget(
            name: "CoreTests",
            dependencies: ["Core", "Wire", "TestSupport"],
            swiftSettings: views
        ),
        .testTarget(
            name: "LinuxIOTests",
            dependencies: ["LinuxIO", "Wire", "CLinux", "TestSupport", systemPackage],
            swiftSettings: views
        ),
        .testTarget(
            name: "FastPathTests",
            dependencies: [
                "FastPath", "CFastPath", "Core", "LinuxIO", "Wire", "CLinux", "TestSupport", systemPackage,
            ],
            swiftSettings: views
        ),
        .testTarget(
            name: "StreamsTests",
            dependencies: ["Streams", "TestSupport", argumentParser, systemPackage],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: [
                "HTTP", "Wire", "TestSupport", logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "sixxs-client", "Core", "LinuxIO", "TLS", "Wire", "TestSupport", argumentParser, logging,
                systemPackage,
            ],
            swiftSettings: views
        ),
        .testTarget(
            name: "SixxsdTests",
            dependencies: [
                "sixxsd", "Core", "HTTP", "Wire", "LinuxIO", "TestSupport", logging, systemPackage,
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: views
        ),
        .testTarget(name: "GraphsTests", dependencies: ["Graphs"], swiftSettings: strict),
        .testTarget(
            name: "CentralTests",
            dependencies: [
                "Central", "CentralTIC", "CentralWeb", "CLibSSL", "Graphs", "HTTP", "sixxs-central", "TLS",
                "Wire", "Streams", "TestSupport", argumentParser, logging, serviceLifecycle,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
    ]
)
