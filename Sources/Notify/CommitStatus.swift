package import ResealCore
package import ResealHTTP
package import ResealSealing

/// What a Git host shows beside a commit.
package struct CommitStatus: Sendable, Hashable {
    package enum State: String, Sendable { case pending, success, failure }

    package var commit: ObjectID
    package var state: State
    /// For people; 140 characters at most arrive everywhere.
    package var description: String

    package init(commit: ObjectID, state: State, description: String) {
        self.commit = commit
        self.state = state
        self.description = description
    }
}

/// The API of a Git host, and the repository there.
package struct CommitStatusHost: Sendable {
    package enum Kind: String, Sendable, CaseIterable { case github, gitlab, gitea }

    package var kind: Kind
    /// Of the API itself, such as https://api.github.com or https://gitlab.example.com/api/v4.
    package var api: WebAddress
    package var repository: String
    package var settings: WebSettings
    /// The name under which the status stands.
    package var context: String

    package init(kind: Kind, api: WebAddress, repository: String, settings: WebSettings, context: String) {
        self.kind = kind
        self.api = api
        self.repository = repository
        self.settings = settings
        self.context = context
    }

    private static let longestDescription = 140

    func request(_ status: CommitStatus, token: SecretBytes) throws -> WebRequest {
        let place = kind == .gitlab ? "projects/\(PercentEncoding.encode(repository))" : "repos/\(repository)"
        let state = kind == .gitlab && status.state == .failure ? "failed" : status.state.rawValue
        let description = String(status.description.prefix(Self.longestDescription))
        let body: JSON = [
            "state": .string(state), "description": .string(description),
            kind == .gitlab ? "name" : "context": .string(context),
        ]
        let text = token.revealText() ?? ""
        let login: (name: String, value: String)
        switch kind {
        case .github: login = ("authorization", "Bearer \(text)")
        case .gitea: login = ("authorization", "token \(text)")
        case .gitlab: login = ("private-token", text)
        }
        return WebRequest(
            "POST", try api.appending("\(place)/statuses/\(status.commit)"),
            headers: [("content-type", "application/json"), ("accept", "application/json"), login],
            body: .bytes(body.canonicalBytes))
    }

    /// Says how a commit stands. The same may be said again.
    package func post(_ status: CommitStatus, token: SecretBytes) async throws {
        try await WebDelivery.post(try request(status, token: token), settings)
    }
}
