// swift-tools-version: 6.2
import PackageDescription

// A package of its own: `-sanitize=fuzzer` must not reach the product build.
let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "sixxsd", path: "..")],
    targets: [
        .executableTarget(
            name: "FuzzWire",
            dependencies: [.product(name: "Wire", package: "sixxsd")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableExperimentalFeature("Lifetimes"),
            ]
        )
    ]
)
