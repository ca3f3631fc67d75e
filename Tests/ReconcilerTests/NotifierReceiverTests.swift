import ResealCore
import ResealNotify
import ResealVault
import Testing

@testable import ResealReconciler

/// Who is told of what.
@Suite struct NotifierReceiverTests {
    @Test func anAlertStaysWithinItsOrganization() throws {
        let bench = try Workbench()
        let (home, kinds) = (try bench.newHome(), ["events: [\"*\"]", "events: [audit.alert]", "events: [secret.*]"])
        var files = ["manifests/repository.yaml": Text.repository()]
        for organization in ["acme", "globex"] {
            for (index, events) in kinds.enumerated() {
                files["manifests/\(organization)-\(index).yaml"] = Text.document(
                    "Notifier", "n\(index)", organization: organization,
                    ["channel: webhook", "endpoint: hook", events])
            }
        }
        let core = try bench.open(home)
        _ = try bench.apply(try bench.commit(files), to: core)
        let notifiers = ControllerNotifiers(home, core: core, by: .test)
        func receivers(_ subject: NotificationEvent.Subject, _ kind: NotificationEvent.Kind) throws -> [String] {
            try notifiers.receivers(of: NotificationEvent(kind, subject, at: Workbench.start))
                .map { "\($0.key.organization)/\($0.key.name)" }.sorted()
        }
        for organization in ["acme", "globex"] {
            #expect(
                try receivers(.alert("payroll", organization: organization), .alert)
                    == ["\(organization)/n0", "\(organization)/n1"])
            let secret = SecretID("payroll/salaries", organization: organization)
            #expect(try receivers(.secret(secret), .expired) == ["\(organization)/n0", "\(organization)/n2"])
        }
        // What is about the vault itself is for whoever wants it.
        #expect(
            try receivers(.alert("break-glass", organization: nil), .alert)
                == ["acme/n0", "acme/n1", "globex/n0", "globex/n1"])
        #expect(try receivers(.alert("payroll", organization: "initech"), .alert).isEmpty)
    }
}
