// swift-tools-version: 6.2
import PackageDescription

// A package of its own: `-sanitize=fuzzer` must not reach the product build.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "sixxsd", path: "..")],
    targets: [
        .executableTarget(
            name: "FuzzWire",
            dependencies: [.product(name: "SixxsWire", package: "sixxsd")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "FuzzCore",
            dependencies: [
                .product(name: "SixxsCore", package: "sixxsd"),
                .product(name: "SixxsWire", package: "sixxsd"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "FuzzLinuxIO",
            dependencies: [
                .product(name: "SixxsLinuxIO", package: "sixxsd"),
                .product(name: "SixxsWire", package: "sixxsd"),
            ],
            swiftSettings: settings
        ),
    ]
)
