internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP1
internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// A request as HTTP has it, whoever took it off the wire.
final class IncomingRequest: Sendable {
    enum Body: Sendable {
        case none
        /// Here already.
        case whole([UInt8])
        /// Not all of it has come; how long that takes is for its sender to say.
        case coming(RequestBody)
    }

    let method: String
    /// As it was sent, without its query.
    let path: String
    let query: [String: String]
    /// By lower-case name.
    let header: @Sendable (String) -> String?
    let body: Body
    let channel: any Channel
    let address: String

    init(_ request: Request, _ context: APIContext) {
        let headers = request.headers
        let length = headers[.contentLength]
        method = request.method.rawValue
        path = request.uri.path
        query = Self.members(of: request.uri)
        header = { name in HTTPField.Name(name).flatMap { headers[$0] } }
        let hasBody = headers[.transferEncoding] != nil || length != nil && length != "0"
        body = hasBody ? .coming(request.body) : .none
        channel = context.channel
        address = context.address
    }

    /// - Parameter head: its target is a path, with a query or without.
    init(_ head: HTTPRequestHead, body: [UInt8], channel: any Channel, address: String) {
        let headers = head.headers
        method = head.method.rawValue
        if head.uri.utf8.contains(UInt8(ascii: "?")) {
            let uri = URI(head.uri)
            path = uri.path
            query = Self.members(of: uri)
        } else {
            path = head.uri
            query = [:]
        }
        header = { name in Self.value(of: name, in: headers) }
        self.body = body.isEmpty ? .none : .whole(body)
        self.channel = channel
        self.address = address
    }

    /// All lines of that name, in one.
    private static func value(of name: String, in headers: HTTPHeaders) -> String? {
        var value: String?
        for (other, text) in headers where other.utf8.count == name.utf8.count && other.isEqualIgnoringCase(to: name) {
            value = value.map { "\($0), \(text)" } ?? text
        }
        return value
    }

    private static func members(of uri: URI) -> [String: String] {
        guard uri.query != nil else { return [:] }
        var members: [String: String] = [:]
        for (key, value) in uri.queryParameters { members[String(key)] = String(value) }
        return members
    }

    /// What is asked; `nil` for a method that asks for nothing here.
    var verb: APIRequest.Verb? {
        switch method {
        case "GET":
            if query["list"] == "true" { return .list }
            return query["scan"] == "true" ? .scan : .read
        case "POST", "PUT": return .write
        case "PATCH": return .patch
        case "DELETE": return .delete
        case "LINK": return .list
        case "BIND": return .scan
        default: return nil
        }
    }

    /// What stands below `/v1/`, decoded, without a slash at its end; `nil` for anything else.
    var resource: String? {
        guard path.hasPrefix("/v1/") else { return nil }
        let encoded = String(path[path.utf8.index(path.startIndex, offsetBy: 4)...])
        guard let decoded = encoded.utf8.contains(UInt8(ascii: "%")) ? encoded.removingPercentEncoding : encoded else {
            return nil
        }
        return decoded.hasSuffix("/") ? String(decoded.dropLast()) : decoded
    }

    var dialect: APIDialect { APIDialect(path: path.dropFirst("/v1/".count)) }

    /// The request without its body.
    func head(
        _ verb: APIRequest.Verb, _ resource: String, isEnding: @escaping @Sendable () -> Bool
    ) -> APIRequest {
        APIRequest(
            verb: verb, method: method, path: resource, query: query, header: header, body: [],
            caller: Caller(
                address: address, userAgent: String((header("user-agent") ?? "").prefix(200)),
                requestID: RequestID.fresh()), isEnding: isEnding,
            clientCertificate: { [channel] in await channel.clientCertificate() })
    }

    /// The answer to a request whose body nobody reads: what is still on its way must not be taken for another request.
    func early(_ reply: APIReply) -> OutgoingReply {
        if case .coming = body { return OutgoingReply(reply, isClosing: true) }
        return OutgoingReply(reply)
    }
}

extension String {
    /// - Parameter other: of ASCII, in lower case.
    fileprivate func isEqualIgnoringCase(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8) { mine, other in
            mine == other || mine ^ 0x20 == other && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(mine)
        }
    }
}
