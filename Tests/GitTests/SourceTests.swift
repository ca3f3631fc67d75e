import ResealGit
import Testing

@Suite struct SourceTests {
    @Test(arguments: [
        ("/srv/config", GitSource.Transport.path, nil as String?, nil as Int?), ("config", .path, nil, nil),
        ("./a:b", .path, nil, nil), ("../x/y:z", .path, nil, nil), ("file:///srv/config.git", .file, nil, nil),
        ("file://localhost/srv/config.git", .file, nil, nil),
        ("ssh://git@Example.org/team/config.git", .ssh, "example.org", nil),
        ("ssh://example.org:2222/config", .ssh, "example.org", 2222),
        ("ssh://git@[::1]:2222/config", .ssh, "::1", 2222),
        ("git@example.org:team/config.git", .ssh, "example.org", nil),
        ("example.org:config", .ssh, "example.org", nil), ("git@[fe80::1]:config", .ssh, "fe80::1", nil),
        ("https://example.org/team/config.git", .https, "example.org", nil),
        ("HTTPS://user@example.org:8443/config", .https, "example.org", 8443),
        ("http://localhost:3000/config", .http, "localhost", 3000),
        ("http://127.0.0.1/config", .http, "127.0.0.1", nil),
        ("git://[::1]/config", .git, "::1", nil),
    ])
    func goodLocations(_ location: String, _ transport: GitSource.Transport, _ host: String?, _ port: Int?) throws {
        let source = try GitSource(location)
        #expect(source.transport == transport)
        #expect(source.host == host)
        #expect(source.port == port)
        #expect(source.ref == "HEAD")
    }

    @Test(arguments: [
        "", "-oProxyCommand=x", "--upload-pack=touch x", "ext::sh -c touch% /tmp/x", "fd::17", "foo::https://x/y",
        "ssh://-oProxyCommand=x/y", "ssh://-user@host/y", "-u@host:path", "host:-path", "host:", "ftp://host/x",
        "javascript://x/y", "https://", "https:///path", "https://host", "https://host:0/x", "https://host:99999/x",
        "https://host:abc/x", "https://user:secret@host/x", "ssh://git:secret@host/x", "file://", "file://host/x",
        "file:relative", "a\nb", "a\u{0}b", "https://ho st/x", "https://h\u{f6}st/x", "ssh://@host/x",
        "http://example.org/x",
        "git://example.org/x", "http://127.0.0.1.example.org/x",
    ])
    func badLocations(_ location: String) {
        let failure = #expect(throws: GitFailure(.invalidLocation, "")) { try GitSource(location) }
        #expect(failure?.message.contains("secret") == false)
        #expect(failure?.hint != nil)
    }

    @Test func plainTransportsNeedConsent() throws {
        #expect(try GitSource("http://example.org/x", allowInsecure: true).transport == .http)
        #expect(try GitSource("git://example.org/x", allowInsecure: true).transport == .git)
    }

    @Test(arguments: ["", "-x", "a\nb", "a\u{0}"])
    func badRefs(_ ref: String) {
        #expect(throws: GitFailure(.invalidLocation, "")) { try GitSource("/srv/config", ref: ref) }
    }

    @Test(arguments: [
        ("https://token123@host:8443/a/b?private_token=t#f", "https://host:8443/a/b"), ("git@host:a/b", "host:a/b"),
        ("ssh://git@host/a/b", "ssh://host/a/b"), ("/srv/a@b", "/srv/a@b"), ("file:///srv/a", "file:///srv/a"),
    ])
    func displayHidesWhoLogsIn(_ location: String, _ shown: String) throws {
        #expect(try GitSource(location).displayLocation == shown)
    }

    @Test func messagesLoseCredentials() {
        #expect(
            GitText.cleaned("failed to connect to https://user:p%40ss@host/x?y and 'ssh://a@b/c'\n\u{1b}[31m")
                == "failed to connect to https://host/x?y and 'ssh://b/c'  [31m")
    }
}
