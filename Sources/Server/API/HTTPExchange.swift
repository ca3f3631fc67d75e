internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// HTTP on one side, requests and replies of an API on the other.
enum HTTPExchange {
    private static let verbs: [HTTPRequest.Method: APIRequest.Verb] = [
        .get: .read, .post: .write, .put: .write, .patch: .patch, .delete: .delete,
    ]

    static func verb(of request: Request) -> APIRequest.Verb? {
        switch request.method.rawValue {
        case "LINK": return .list
        case "BIND": return .scan
        default: break
        }
        if request.method == .get, request.uri.query != nil {
            if request.uri.queryParameters.get("list") == "true" { return .list }
            if request.uri.queryParameters.get("scan") == "true" { return .scan }
        }
        return Self.verbs[request.method]
    }

    /// What stands below `/v1/`; `nil` for anything else.
    static func path(_ text: String) -> String? {
        guard text.hasPrefix("/v1/") else { return nil }
        let encoded = String(text[text.utf8.index(text.startIndex, offsetBy: 4)...])
        guard let decoded = encoded.utf8.contains(UInt8(ascii: "%")) ? encoded.removingPercentEncoding : encoded else {
            return nil
        }
        return decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
    }

    /// A request without its body.
    static func head(
        _ request: Request, _ verb: APIRequest.Verb, _ path: String, _ context: APIContext,
        isEnding: @escaping @Sendable () -> Bool
    ) throws -> APIRequest {
        var query: [String: String] = [:]
        if request.uri.query != nil {
            for (key, value) in request.uri.queryParameters { query[String(key)] = String(value) }
        }
        let headers = request.headers
        return APIRequest(
            verb: verb, method: request.method.rawValue, path: path, query: query,
            header: { name in HTTPField.Name(name).flatMap { headers[$0] } }, body: [],
            caller: Caller(
                address: context.address, userAgent: String((headers[.userAgent] ?? "").prefix(200)),
                requestID: try Self.freshID()), isEnding: isEnding,
            clientCertificate: { await context.channel.clientCertificate() })
    }

    /// A random UUID (RFC 9562, version 4).
    private static func freshID() throws -> String {
        var bytes = try SystemRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.encode(bytes[$0]) }.joined(separator: "-")
    }

    /// The response to a request whose body nobody reads: where there is one, it must not be taken for another request.
    static func early(_ reply: APIReply, _ request: Request) -> Response {
        response(reply, closing: hasBody(request))
    }

    static func hasBody(_ request: Request) -> Bool {
        let length = request.headers[.contentLength]
        return request.headers[.transferEncoding] != nil || length != nil && length != "0"
    }

    /// - Parameter place: kept until the end of a body that comes in parts.
    static func response(
        _ reply: APIReply, closing: Bool = false, keeping place: InFlight.Place? = nil
    ) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if reply.body != nil { headers[.contentType] = "application/json" }
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if closing { headers[.connection] = "close" }
        let status = HTTPResponse.Status(code: reply.status)
        if let next = reply.parts {
            let body = ResponseBody { writer in
                defer { withExtendedLifetime(place) {} }
                while let part = await next() { try await writer.write(ByteBuffer(bytes: part)) }
                try await writer.finish(nil)
            }
            return Response(status: status, headers: headers, body: body)
        }
        guard let body = reply.body else { return Response(status: status, headers: headers) }
        let buffer = body.withUnsafeBytes { ByteBuffer(bytes: $0) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
}
