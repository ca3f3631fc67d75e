internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import ResealCore

extension HTTPFailure {
    /// Words for what the client and the layers below it throw. Their own texts may hold an address.
    static func judging(_ error: any Error, at place: String) -> any Error {
        switch error {
        case let failure as any UserFacingFailure: return failure
        case is CancellationError: return HTTPFailure(.cancelled, "the request to \(place) was given up")
        case let error as HTTPClientError: return judging(error, at: place)
        case let error as NIOSSLError: return judging(error, at: place)
        case is NIOSSLExtraError:
            return HTTPFailure(
                .tls, "the certificate of \(place) is not for that name",
                hint: "use the name that the certificate has, or give the server one with this name")
        case is BoringSSLError, is NIOSSLCloseTimedOutError: return HTTPFailure.refusedHandshake(place)
        case is NIOConnectionError: return HTTPFailure.unreachable(place)
        case let error as IOError where isOfConnecting(error): return HTTPFailure.unreachable(place)
        case is ChannelError, is IOError: return HTTPFailure.lost(place)
        default: return HTTPFailure(.connectionLost, "the request to \(place) failed (\(type(of: error)))")
        }
    }

    private static func judging(_ error: HTTPClientError, at place: String) -> HTTPFailure {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout:
            HTTPFailure(
                .unreachable, "\(place) did not take the connection in time",
                hint: "check host and port, that the server runs, and the network between")
        case .tlsHandshakeTimeout:
            HTTPFailure(.tls, "\(place) did not end the TLS handshake in time", hint: "check that the port speaks TLS")
        case .invalidProxyResponse, .proxyAuthenticationRequired, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            HTTPFailure(
                .proxy, "the proxy does not let us through to \(place)",
                hint: "check the proxy's address and credentials, or except the host from it (no_proxy)")
        case .readTimeout, .writeTimeout, .deadlineExceeded: HTTPFailure.late(place)
        case .cancelled, .requestStreamCancelled: HTTPFailure(.cancelled, "the request to \(place) was given up")
        case .alreadyShutdown: HTTPFailure(.cancelled, "the request to \(place) came while the program ends")
        default: HTTPFailure.lost(place)
        }
    }

    private static func judging(_ error: NIOSSLError, at place: String) -> HTTPFailure {
        switch error {
        case .handshakeFailed, .unableToValidateCertificate, .noCertificateToValidate: refusedHandshake(place)
        default: lost(place)
        }
    }

    /// Only connecting ends with these.
    private static func isOfConnecting(_ error: IOError) -> Bool {
        // The last two are a socket of this machine that is not there, or not ours to open.
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENOENT, EACCES].contains(error.errnoCode)
    }

    private static func unreachable(_ place: String) -> HTTPFailure {
        HTTPFailure(
            .unreachable, "cannot connect to \(place)",
            hint: "check host and port, that the server runs, and the network between")
    }

    static func late(_ place: String) -> HTTPFailure {
        HTTPFailure(
            .timeout, "\(place) did not answer within the time limit",
            hint: "check the server; whether it did what was asked is not known")
    }

    private static func lost(_ place: String) -> HTTPFailure {
        HTTPFailure(
            .connectionLost, "the connection to \(place) ended before its answer",
            hint: "check the server; whether it did what was asked is not known")
    }

    private static func refusedHandshake(_ place: String) -> HTTPFailure {
        HTTPFailure(
            .tls, "no TLS connection to \(place): one side does not accept the other's certificate or protocol",
            hint: "for a server with a CA of its own, name that CA in `ca-file`; TLS 1.2 is the oldest version")
    }
}
