// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Places where a test can kill the process. Absent from release builds.
    .define("RESEAL_FAULT_POINTS", .when(configuration: .debug)),
]

let package = Package(
    name: "reseal",
    products: [
        .executable(name: "reseal", targets: ["reseal"]),
        .library(name: "ResealVault", targets: ["ResealVault"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Doors: one module map for each C library, each imported by exactly one target.
        .systemLibrary(name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        .target(name: "ResealCore", path: "Sources/Core", swiftSettings: strict),
        .target(
            name: "ResealSealing", dependencies: ["ResealCore", "COpenSSL"], path: "Sources/Sealing",
            swiftSettings: strict),
        .target(
            name: "ResealAge", dependencies: ["ResealCore", "ResealSealing"], path: "Sources/Age",
            swiftSettings: strict),
        .target(
            name: "ResealGit", dependencies: ["ResealCore", "ResealSealing", "CLibGit2"], path: "Sources/Git",
            swiftSettings: strict),
        .target(
            name: "ResealManifests",
            dependencies: ["ResealCore", "ResealSealing", "ResealAge", "CLibYAML"],
            path: "Sources/Manifests", swiftSettings: strict),
        .target(
            name: "ResealVault",
            dependencies: ["ResealCore", "ResealSealing", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Sources/Vault", swiftSettings: strict),
        .target(
            name: "ResealReconciler",
            dependencies: ["ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault"],
            path: "Sources/Reconciler", swiftSettings: strict),
        .executableTarget(
            name: "reseal",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault",
                "ResealReconciler",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/reseal", swiftSettings: strict),

        // Run by hand; see Benchmarks/README.md.
        .executableTarget(
            name: "reseal-benchmarks",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealManifests", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Benchmarks/Sources", swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["ResealCore"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "CoreTests", dependencies: ["ResealCore", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SealingTests", dependencies: ["ResealCore", "ResealSealing", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "AgeTests", dependencies: ["ResealCore", "ResealSealing", "ResealAge", "TestSupport", "reseal"],
            swiftSettings: strict),
        .testTarget(
            name: "GitTests", dependencies: ["ResealCore", "ResealSealing", "ResealGit", "TestSupport", "reseal"],
            swiftSettings: strict),
        .testTarget(
            name: "VaultTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealVault", "TestSupport", "reseal",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
    ]
)
