import Foundation
import TestSupport
import Testing

/// What the documents tell newcomers to run.
@Suite struct ExamplesTests {
    private let folder: TemporaryFolder
    private let environment: [String: String]

    init() throws {
        folder = try TemporaryFolder()
        let products = (try BuiltProduct.reseal() as NSString).deletingLastPathComponent
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        environment = ["PATH": "\(products):\(path)", "HOME": folder.path, "LC_ALL": "C.UTF-8"]
    }

    @Test func theFirstSecret() throws {
        let result = try Command.check(
            Self.root + "/examples/first-secret/run.sh", [folder.file("first")], environment: environment)
        let value = try #require(result.text.split(separator: "\n").last)
        #expect(value.utf8.count == 32 && value.allSatisfy(\.isHexDigit))
    }

    @Test func theEmbeddedVault() throws {
        for run in 1...2 {
            let result = try Command.check(
                BuiltProduct.path("embedded-vault"), [folder.file("embedded")], environment: environment)
            #expect(result.text.hasPrefix("version \(run) of example/counter"))
            #expect(result.text.contains("[REDACTED]") && !result.text.contains("made by run"))
        }
    }

    @Test func theTour() throws {
        let result = try Command.check(
            Self.root + "/scripts/quickstart", ["--with", BuiltProduct.reseal(), folder.file("tour")],
            environment: environment, timeout: .seconds(300))
        for part in [
            "$ reseal plan", "pk_live_example", "the saved plan is stale", "The audit trail is whole", "Done.",
        ] {
            #expect((result.text + result.errorText).contains(part), "\(part)")
        }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}
