import Foundation
import ResealAge
import ResealCore
import ResealSealing
import ResealVault
import Synchronization
import TestSupport

@testable import ResealReconciler

/// A repository and the keys that go with it. Vaults are copies of one that was made once, so that they share their
/// keys and their fingerprints can be compared.
final class Workbench: Sendable {
    static let repositoryID = "test-repository-0001"
    static let start = Timestamp(seconds: 1_700_000_000)

    let git: GitFixture
    let folder: TemporaryFolder
    let identity: X25519Identity
    private let template: VaultHome
    private let vaults = Mutex(0)
    private let time = Mutex(Workbench.start)

    init() throws {
        git = try GitFixture(bare: true)
        folder = try TemporaryFolder()
        identity = try X25519Identity()
        template = VaultHome(path: folder.file("template"))
        try VaultCore.create(template, passphrase: nil, clock: WallClock { Workbench.start }, by: .test)
    }

    /// Goes on by itself a second at each look, so that later things are later.
    var clock: WallClock {
        WallClock { [self] in
            time.withLock { now in
                now = now.adding(TimeSpan(seconds: 1))
                return now
            }
        }
    }

    func pass(_ span: String) {
        guard let span = TimeSpan(span) else { preconditionFailure("no time: \(span)") }
        time.withLock { $0 = $0.adding(span) }
    }

    /// The folder of a new, empty vault.
    func newHome() throws -> VaultHome {
        let number = vaults.withLock { count in
            count += 1
            return count
        }
        let home = VaultHome(path: folder.file("vault-\(number)"))
        try FileManager.default.copyItem(atPath: template.path, toPath: home.path)
        return home
    }

    func newVault() throws -> VaultCore { try open(newHome()) }

    func open(_ home: VaultHome) throws -> VaultCore {
        try VaultCore.open(home, passphrase: { nil }, clock: clock)
    }

    // MARK: Git

    /// Makes one commit on `branch` that writes files (`nil` removes one), and gives back its id.
    @discardableResult
    func commit(
        _ files: [String: String?], branch: String = "main", from parent: ObjectID? = nil, isRoot: Bool = false
    ) throws -> ObjectID {
        var stream = "commit refs/heads/\(branch)\ncommitter Ben <ben@example.org> 1700000100 +0000\ndata 6\nchange\n"
        if let parent {
            stream += "from \(parent)\n"
        } else if !isRoot, let tip = try? git.id("refs/heads/\(branch)") {
            stream += "from \(tip)\n"
        }
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let name =
                "\"\(path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
            if let text {
                stream += "M 100644 inline \(name)\ndata \(text.utf8.count)\n\(text)\n"
            } else {
                stream += "D \(name)\n"
            }
        }
        try git.fastImport(stream)
        return try git.id("refs/heads/\(branch)")
    }

    func checkout(_ head: ObjectID, path: String = "manifests", ref: String = "main") -> Checkout {
        Checkout(
            source: Plan.Source(location: git.path, ref: ref, path: path), repositoryPath: git.path, head: head)
    }

    // MARK: Reconciling

    func reconciliation(_ core: VaultCore, _ options: ReconcileOptions = ReconcileOptions()) -> Reconciliation {
        Reconciliation(core: core, identities: [identity], options: options)
    }

    @discardableResult
    func apply(_ head: ObjectID, to core: VaultCore, _ options: ReconcileOptions = ReconcileOptions()) throws
        -> ApplyReport
    {
        let reconciliation = reconciliation(core, options)
        return try reconciliation.apply(reconciliation.plan(checkout(head), forApply: true), by: .test)
    }

    func plan(_ head: ObjectID, for core: VaultCore, _ options: ReconcileOptions = ReconcileOptions()) throws -> Plan {
        try reconciliation(core, options).plan(checkout(head), forApply: false).plan
    }
}

extension ActionContext {
    static let test = ActionContext(principal: .named("user:tester"), userAgent: "tests")
}

extension Principal {
    /// For a text that is known to be one.
    static func named(_ text: String) -> Principal {
        guard let principal = Principal(text) else { preconditionFailure("no principal: \(text)") }
        return principal
    }
}

extension ObjectID {
    init(filledWith byte: UInt8) { self = ObjectID(bytes: [UInt8](repeating: byte, count: 20)) ?? ObjectID(zero: ()) }
}

extension ReconcileOptions {
    init(massDeletion: Bool = false, rewrittenHistory: Bool = false) {
        self.init()
        allowsMassDeletion = massDeletion
        allowsRewrittenHistory = rewrittenHistory
    }
}
