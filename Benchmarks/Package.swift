// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

// A package of its own: nothing that the programs are built from depends on it, and it sees of them what any
// other package sees, so that it measures what crosses the modules' borders.
let package = Package(
    name: "sixxsd-benchmarks",
    dependencies: [
        // Named, since the folder of a clone can have any name.
        .package(name: "sixxsd", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .target(name: "CAllocationCounter"),
        .executableTarget(
            name: "sixxsd-bench",
            dependencies: [
                "CAllocationCounter",
                .product(name: "Core", package: "sixxsd"),
                .product(name: "Wire", package: "sixxsd"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
    ]
)
