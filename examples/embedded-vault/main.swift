import ResealCore
import ResealSealing
import ResealVault

// usage: embedded-vault FOLDER     makes a vault there, or opens the one that is there

let folder = CommandLine.arguments.dropFirst().first ?? "vault"
guard let service = Principal("service:embedded-example") else { fatalError("a principal is kind:name") }
let context = ActionContext(principal: service, userAgent: "embedded-example/1.0")

let vault = try Vault.openOrCreate(home: folder, by: context)
let id = SecretID("example/counter")

// The value is a mapping; each leaf is secret memory that is zeroed on release and never printed.
let previous = try? await vault.get(id, by: context)
let count = previous?.value.leaf(named: "runs")?.bytes.revealText().flatMap { Int($0) } ?? 0
let value = try SecretValue(leaves: [
    SecretValue.Leaf(path: ["runs"], type: .integer, bytes: SecretBytes(utf8: "\(count + 1)")),
    SecretValue.Leaf(path: ["token"], bytes: SecretBytes(utf8: "made by run \(count + 1)")),
])
let writing = try await vault.set(id, to: value, by: context)

let reading = try await vault.get(id, by: context)
print("version \(writing.version) of \(reading.id): \(reading.value.leaves.map { "\($0.path[0]) = \($0.bytes)" })")
for version in try await vault.versions(of: id, by: context) {
    print("  version \(version.number), \(version.state), written \(version.createdAt) by \(version.createdBy)")
}
