import ResealCore
import TestSupport
import Testing

/// No format of any finding shows a secret, whatever found it.
@Suite struct CanaryTests {
    @Test func findingsShowNoSecret() throws {
        let bench = try Bench()
        let canary = Canary("a secret")
        let mark = canary.mark
        let texts = [
            "a.yaml": "password: \(mark)\ntoken: '\(mark)1Xy'\nx\(mark)password: hunter2\n",
            "b.env": "DB_PASSWORD=\(mark)\nURL=https://u:\(mark)@host.internal/\n\(mark)_token=\(mark)A9\n",
            "c.md": "ghp" + "_\(mark)\(mark)Ab1 and glpat-\(mark)Zz9\n-----BEGIN PRIVATE KEY-----\n\(mark)\(mark)\n",
            "d.json": "{\"clientSecret\": \"\(mark)\", \"\(mark)\": {\"apiKey\": \"\(mark)\"}}\n",
            "e.ts": "// reseal-lint: ignore \(mark) -- \(mark)\nconst apiKey = \"\(mark)\"\n// reseal-lint: \(mark)\n",
            "manifests/f.yaml":
                "apiVersion: reseal/v1\nkind: Secret\nmetadata: {name: a}\nspec:\n  value:\n    password: \(mark)\n"
                + "    token: !seal \(mark)\n    \(mark)secret: \(mark)\n  permissions: {\(mark): ['*']}\n",
            "manifests/g.yaml": "apiVersion: reseal/v1\nkind: Secret\nspec: {value: [}\npassword: \(mark)\n",
        ]
        for (file, text) in texts { try bench.repository.write(file, text) }
        try bench.repository.commit()
        var scanner = LeakScanner([canary])
        for format in ["text", "json", "sarif", "github", "gitlab"] {
            for source in [[], ["--staged"], ["--ref", "HEAD"]] {
                let result = try bench.user.reseal(
                    ["lint", "--format", format, "--strict"] + source, directory: bench.repository.path)
                #expect(result.status == 1)
                for file in texts.keys { #expect(result.text.contains(file), "\(file) in \(format)") }
                scanner.scan(result.stdout + result.stderr, at: "lint --format \(format)")
            }
        }
        try bench.repository.write(".reseal-lint.yaml", "rules: {expired: \(mark)}\nexclude: \(mark)\n")
        let config = try bench.lint("--json")
        #expect(config.status == 1)
        scanner.scan(config.stdout + config.stderr, at: "a bad configuration")
        #expect(scanner.leaks == [])
        #expect(scanner.scanned > 5000)
    }
}
