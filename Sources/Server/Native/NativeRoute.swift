internal import ResealCore
internal import ResealVault

/// One operation of the native API: what leads to it, what it takes, and what it says. The router and the OpenAPI
/// description both go by it, so that they cannot differ.
struct NativeRoute: Sendable {
    enum Method: String, Sendable { case get = "GET", put = "PUT", post = "POST", delete = "DELETE" }

    /// What stands behind the path's `?`.
    struct Parameter: Sendable {
        var name: String
        var schema: JSON
        var text: String
        var place = "query"

        static func header(_ name: String, _ text: String) -> Parameter {
            Parameter(name: name, schema: ["type": "string"], text: text, place: "header")
        }
    }

    /// One status that it answers with.
    struct Answer: Sendable {
        var status: Int
        var text: String
        /// A name among ``OpenAPI/schemas``; `nil` for no body.
        var schema: String?
    }

    var method: Method
    /// Below `/v1/reseal/`. `{name}` at the end stands for all that follows, slashes too.
    var path: String
    var id: String
    var summary: String
    var parameters: [Parameter] = []
    /// A name among ``OpenAPI/schemas``.
    var body: String?
    var answers: [Answer]
    /// Whether it can tell of a secret that is not there, or not the caller's.
    var refusals: [Int] = []
    let answer: @Sendable (NativeRoutes, APIRequest, _ name: String, Session) async throws -> APIReply

    var takesName: Bool { path.hasSuffix(Self.name) }
    static let name = "{name}"

    /// The name in a path that leads here; empty where none is asked for, `nil` where the path leads elsewhere.
    func match(_ text: String) -> String? {
        guard takesName else { return text == path ? "" : nil }
        let folder = path.dropLast(Self.name.count)
        return text.count > folder.count && text.hasPrefix(folder) ? String(text.dropFirst(folder.count)) : nil
    }

    /// A misspelt parameter must not pass for none.
    func check(_ query: [String: String]) throws(ServiceFailure) {
        let known = parameters.filter { $0.place == "query" }.map(\.name)
        guard let stranger = query.keys.sorted().first(where: { !known.contains($0) }) else { return }
        let list = known.isEmpty ? "none" : known.joined(separator: ", ")
        throw ServiceFailure(.badRequest, "there is no parameter `\(stranger.prefix(80))` here; there are: \(list)")
    }
}
