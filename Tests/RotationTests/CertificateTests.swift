import Foundation
import ResealCore
import TestSupport
import Testing

/// Certificates that a CA of the vault signs.
@Suite struct CertificateTests {
    private static let manifests = """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: ca}
        spec:
          type: certificate
          value:
            root: ""
            signing: ""
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: tls}
        spec:
          type: certificate
          value:
            certificate: none
            key: ""
          rotation:
            generate:
              kind: x509
              commonName: api.internal
              dnsNames: [api.internal]
              issuer: ca
              field: key
              certificateField: certificate

        """

    @Test func isSignedByTheCA() throws {
        let folder = try TemporaryFolder()
        try Command.check(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=Test CA", "-keyout",
                folder.file("ca.key"), "-out", folder.file("ca.crt"),
            ])
        let desk = try Desk(
            Self.manifests,
            sealing: [
                ("ca", "root", String(decoding: try folder.read("ca.crt"), as: UTF8.self)),
                ("ca", "signing", String(decoding: try folder.read("ca.key"), as: UTF8.self)), ("tls", "key", "none"),
            ])
        let result = try desk.run("rotate", "tls", "--write", "--repo", desk.user.repository.path)
        #expect(result.status == 0, "\(result.errorText)")
        try folder.write(try desk.get("tls", "certificate") + "\n", to: "tls.crt")
        let verdict = try Command.check(
            "openssl", ["verify", "-CAfile", folder.file("ca.crt"), folder.file("tls.crt")])
        #expect(verdict.text.hasSuffix("OK"))
        try folder.write(try desk.get("tls", "key") + "\n", to: "tls.key")
        let keys = try [["pkey", "-in", "tls.key", "-pubout"], ["x509", "-in", "tls.crt", "-pubkey", "-noout"]].map {
            try Command.check("openssl", $0, directory: folder.path).text
        }
        #expect(keys[0] == keys[1])
    }

    @Test func aRequestForAnotherAuthority() throws {
        let manifest = """
            apiVersion: reseal/v1
            kind: Secret
            metadata: {name: tls}
            spec:
              type: certificate
              value: {csr: none, key: ""}
              rotation:
                generate: {kind: x509, commonName: api.internal, field: key, csrField: csr}

            """
        let desk = try Desk(manifest, sealing: [("tls", "key", "none")])
        let result = try desk.run("rotate", "tls", "--write", "--repo", desk.user.repository.path)
        #expect(result.status == 0, "\(result.errorText)")
        let folder = try TemporaryFolder()
        try folder.write(try desk.get("tls", "csr") + "\n", to: "tls.csr")
        try folder.write(try desk.get("tls", "key") + "\n", to: "tls.key")
        let keys = try [["pkey", "-in", "tls.key", "-pubout"], ["req", "-in", "tls.csr", "-pubkey", "-noout"]].map {
            try Command.check("openssl", $0, directory: folder.path).text
        }
        #expect(keys[0] == keys[1])
        // Whoever signs reads it in Git.
        let written = try String(contentsOfFile: "\(desk.user.repository.path)/manifests/secrets.yaml", encoding: .utf8)
        #expect(written.contains("BEGIN CERTIFICATE REQUEST"))
    }

    @Test func anIssuerThatIsNone() throws {
        let desk = try Desk(
            Self.manifests, sealing: [("ca", "root", "no"), ("ca", "signing", "no"), ("tls", "key", "none")])
        let result = try desk.run("rotate", "tls")
        #expect(result.status == 1 && result.errorText.contains("[rotation.unsuitable]"))
    }
}
