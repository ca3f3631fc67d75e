internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
package import ResealSealing

/// What is asked of a server.
package struct WebRequest: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case secret(SecretBytes)
    }

    package var method: String
    package var address: WebAddress
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(
        _ method: String, _ address: WebAddress, headers: [(name: String, value: String)] = [], body: Body = .none
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }

    func prepared() -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.text)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "user-agent", value: "reseal")
        for header in headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        switch body {
        case .none: break
        case .bytes(let bytes): request.body = .bytes(ByteBuffer(bytes: bytes))
        case .secret(let secret): request.body = .bytes(secret.withUnsafeBytes { ByteBuffer(bytes: $0) })
        }
        return request
    }
}

/// The head of an answer.
package struct WebHead: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]

    init(_ response: HTTPClientResponse) {
        status = Int(response.status.code)
        headers = response.headers.map { (name: $0.name, value: $0.value) }
    }

    package var isSuccess: Bool { (200...299).contains(status) }

    /// The first header of this name, whatever its case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// A whole answer. Its body may hold a secret.
package struct WebResponse: Sendable {
    package let head: WebHead
    package let body: SecretBytes

    package var status: Int { head.status }
}

/// An answer whose body is still on its way. Whoever leaves it unread ends the connection by dropping it.
package struct WebStream: Sendable {
    package let head: WebHead
    package let body: WebBody
}

/// The parts of a body, as they come. For one reader. Throws ``HTTPFailure``.
package struct WebBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    let parts: HTTPClientResponse.Body
    let place: String
    let limit: Int?

    package struct AsyncIterator: AsyncIteratorProtocol {
        var parts: HTTPClientResponse.Body.AsyncIterator
        let place: String
        let limit: Int?
        var count = 0

        package mutating func next() async throws -> [UInt8]? {
            let part: ByteBuffer?
            do { part = try await parts.next() } catch { throw HTTPFailure.judging(error, at: place) }
            guard let part else { return nil }
            count += part.readableBytes
            if let limit, count > limit {
                throw HTTPFailure(.tooLarge, "\(place) answers with more than \(limit) bytes")
            }
            return Array(part.readableBytesView)
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: parts.makeAsyncIterator(), place: place, limit: limit)
    }
}
