// swift-tools-version: 6.2
import PackageDescription

var strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Places where a test can kill the process. Absent from release builds.
    .define("RESEAL_FAULT_POINTS", .when(configuration: .debug)),
]
// For those who check this package; whoever builds it with a newer compiler is not to be stopped by a new warning.
if Context.environment["RESEAL_WARNINGS_AS_ERRORS"] != nil { strict.append(.unsafeFlags(["-warnings-as-errors"])) }

// Sanitizers look at what touches C or shares memory; the server and its TLS library would cost most of their build.
let sanitized = Context.environment["RESEAL_SANITIZE"] != nil

let package = Package(
    name: "reseal",
    products: [
        .executable(name: "reseal", targets: ["reseal"]),
        .library(name: "ResealClient", targets: ["ResealClient", "ResealWire", "ResealCore", "ResealSealing"]),
        .library(name: "ResealVault", targets: ["ResealVault", "ResealWire", "ResealCore", "ResealSealing"]),
        .library(name: "ResealRedaction", targets: ["ResealRedaction", "ResealCore", "ResealSealing"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Doors: one module map for each C library, each imported by exactly one target.
        .systemLibrary(name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSpawn"),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        .target(name: "CEditor"),
        .target(name: "CSupervisor"),

        .target(name: "ResealCore", path: "Sources/Core", swiftSettings: strict),
        .target(
            name: "ResealSealing", dependencies: ["ResealCore", "COpenSSL"], path: "Sources/Sealing",
            swiftSettings: strict),
        .target(
            name: "ResealRedaction",
            dependencies: ["ResealCore", "ResealSealing", .product(name: "Logging", package: "swift-log")],
            path: "Sources/Redaction", swiftSettings: strict),
        .target(
            name: "ResealAge",
            dependencies: [
                "ResealCore", "ResealSealing", "CSpawn", .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Age", swiftSettings: strict),
        .target(
            name: "ResealGit",
            dependencies: ["ResealCore", "ResealSealing", "ResealHTTP", "CLibGit2", "CSpawn"], path: "Sources/Git",
            swiftSettings: strict),
        .target(
            name: "ResealPostgres", dependencies: ["ResealCore", "ResealSealing", "CLibPQ"], path: "Sources/Postgres",
            swiftSettings: strict),
        .target(
            name: "ResealHTTP",
            dependencies: [
                "ResealCore", "ResealSealing", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/HTTP", swiftSettings: strict),
        .target(
            name: "ResealManifests",
            dependencies: ["ResealCore", "ResealSealing", "ResealAge", "CLibYAML"],
            path: "Sources/Manifests", swiftSettings: strict),
        .target(
            name: "ResealWire", dependencies: ["ResealCore", "ResealSealing"], path: "Sources/Wire",
            swiftSettings: strict),
        .target(
            name: "ResealVault",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealWire", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            path: "Sources/Vault", swiftSettings: strict),
        .target(
            name: "ResealEngines",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealManifests", "ResealVault", "ResealPostgres", "ResealHTTP",
                "CSpawn",
            ],
            path: "Sources/Engines", swiftSettings: strict),
        .target(
            name: "ResealNotify",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealManifests", "ResealHTTP", "ResealEngines",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/Notify", swiftSettings: strict),
        .target(
            name: "ResealReconciler",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault",
                "ResealEngines", "ResealHTTP", "ResealNotify",
            ],
            path: "Sources/Reconciler", swiftSettings: strict),
        .target(
            name: "ResealServer",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealWire", "ResealVault", "ResealHTTP",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/Server", swiftSettings: strict),
        .target(
            name: "ResealClient", dependencies: ["ResealCore", "ResealSealing", "ResealWire", "ResealHTTP"],
            path: "Sources/Client", swiftSettings: strict),
        .executableTarget(
            name: "reseal",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealClient", "ResealAge", "ResealGit", "ResealManifests",
                "ResealVault", "ResealEngines", "ResealHTTP", "ResealNotify", "ResealReconciler", "ResealServer",
                "ResealRedaction", "CEditor", "CMalloc", "CSupervisor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/reseal", swiftSettings: strict),

        .executableTarget(
            name: "embedded-vault", dependencies: ["ResealCore", "ResealSealing", "ResealVault"],
            path: "examples/embedded-vault", exclude: ["README.md"], swiftSettings: strict),

        // Run by hand; see Benchmarks/README.md.
        .executableTarget(
            name: "reseal-benchmarks",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealManifests",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            path: "Benchmarks/Sources", swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["ResealCore"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "HTTPTests", dependencies: ["ResealCore", "ResealSealing", "ResealHTTP", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "NotifyTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealHTTP", "ResealManifests", "ResealNotify", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(name: "CoreTests", dependencies: ["ResealCore", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SealingTests", dependencies: ["ResealCore", "ResealSealing", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "AgeTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "TestSupport", "reseal",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Plugin"], swiftSettings: strict),
        .testTarget(
            name: "EnginesTests",
            dependencies: ["ResealCore", "ResealSealing", "ResealManifests", "ResealEngines", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ManifestsTests",
            dependencies: ["ResealCore", "ResealSealing", "ResealAge", "ResealManifests", "TestSupport", "reseal"],
            exclude: ["Scripts"], swiftSettings: strict),
        .testTarget(
            name: "ReconcilerTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault",
                "ResealReconciler", "TestSupport", "reseal",
            ],
            exclude: ["Scripts"], swiftSettings: strict),
        .testTarget(
            name: "RecipientsTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealReconciler",
                "TestSupport",
                "reseal",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "RotationTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault",
                "ResealEngines",
                "ResealReconciler", "ResealPostgres", "TestSupport", "reseal",
            ],
            exclude: ["Scripts"], swiftSettings: strict),
        .testTarget(
            name: "GitTests",
            dependencies: ["ResealCore", "ResealSealing", "ResealHTTP", "ResealGit", "TestSupport", "reseal"],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["ResealCore", "TestSupport", "reseal", "embedded-vault"],
            swiftSettings: strict),
        .testTarget(
            name: "ControllerTests",
            dependencies: ["ResealCore", "ResealSealing", "ResealReconciler", "ResealServer", "TestSupport", "reseal"],
            swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealHTTP", "ResealVault", "ResealServer", "ResealClient",
                "TestSupport", "reseal", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["Scripts"], swiftSettings: strict),
        .testTarget(
            name: "RedactionTests",
            dependencies: ["ResealSealing", "ResealRedaction", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .testTarget(
            name: "WorkloadTests", dependencies: ["ResealCore", "TestSupport", "reseal"], swiftSettings: strict),
        .testTarget(
            name: "EditTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealReconciler",
                "TestSupport", "reseal",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MergeTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealManifests", "ResealReconciler", "TestSupport",
                "reseal",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SOPSTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealGit", "ResealManifests", "ResealVault",
                "ResealReconciler", "TestSupport", "reseal",
            ], swiftSettings: strict),
        .testTarget(
            name: "LintTests",
            dependencies: ["ResealCore", "ResealManifests", "TestSupport", "reseal"],
            exclude: ["Scripts"], swiftSettings: strict),
        .testTarget(
            name: "VaultTests",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealVault", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ] + (sanitized ? [] : ["reseal"]),
            swiftSettings: strict),
    ]
)

if sanitized {
    let kept: Set<String> = [
        "COpenSSL", "ResealCore", "ResealSealing", "ResealWire", "ResealVault", "TestSupport", "CoreTests",
        "SealingTests", "VaultTests",
    ]
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { $0.name != "ResealVault" }
}

// Built by scripts/fuzz only, for it needs the runtime that `-sanitize=fuzzer` links.
if Context.environment["RESEAL_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "reseal-fuzz",
            dependencies: [
                "ResealCore", "ResealSealing", "ResealAge", "ResealManifests", "CLibFuzzer",
            ],
            path: "Fuzz/Harness", swiftSettings: strict),
    ]
}
