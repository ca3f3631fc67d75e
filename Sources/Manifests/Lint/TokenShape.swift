/// Credentials that are known by how they begin.
struct TokenShape: Sendable {
    let prefix: StaticString
    /// What may follow.
    let body: ByteClass
    let length: ClosedRange<Int>
    let title: String

    /// - Parameters:
    ///   - least: bytes behind the prefix.
    ///   - most: likewise.
    init(_ prefix: StaticString, _ body: ByteClass, _ least: Int, _ most: Int, _ title: String) {
        self.prefix = prefix
        self.body = body
        length = least...most
        self.title = title
    }

    /// The shape that begins at `offset`, and how long the text is; without a title for what is made up to be shown.
    static func match(_ bytes: FileBytes, at offset: Int, upTo end: Int) -> (title: String?, length: Int)? {
        for shape in byFirst[Int(bytes[offset])] where bytes.has(shape.prefix, at: offset) {
            let start = offset + shape.prefix.utf8CodeUnitCount
            let count = bytes.length(of: shape.body, from: start, upTo: min(end, start + shape.length.upperBound + 1))
            guard count >= shape.length.lowerBound else { continue }
            let length = min(count, shape.length.upperBound)
            // A longer row of the same letters is something else, where the length is fixed.
            if count > length, shape.length.count == 1 { continue }
            let body = bytes[start..<start + length]
            // What is made up to be shown has words in it, or one letter again and again.
            let text = String(decoding: body, as: UTF8.self).lowercased()
            let letters = text.filter { $0.isLetter || $0.isNumber }
            let isMadeUp = Placeholder.isExample(text, letters) || Randomness.entropy(body) < minimumEntropy(length)
            return (isMadeUp ? nil : shape.title, shape.prefix.utf8CodeUnitCount + length)
        }
        return nil
    }

    /// Bits for each letter that chance gives a text of such a length at the least.
    private static func minimumEntropy(_ length: Int) -> Double { length < 16 ? 2.2 : 2.6 }

    private static let byFirst: [[TokenShape]] = {
        var table = [[TokenShape]](repeating: [], count: 256)
        for shape in all { table[Int(shape.prefix.utf8Start.pointee)].append(shape) }
        return table
    }()

    /// True for bytes that some shape begins with.
    static let firsts: [Bool] = byFirst.map { !$0.isEmpty }

    private static let all: [TokenShape] = cloud + forges + services

    private static let cloud: [TokenShape] = [
        TokenShape("AKIA", .base32Upper, 16, 16, "an AWS access key id"),
        TokenShape("ASIA", .base32Upper, 16, 16, "an AWS session key id"),
        TokenShape("AIza", .base64URL, 35, 35, "a Google API key"),
        TokenShape("ya29.", .base64URL, 20, 400, "a Google OAuth token"),
        TokenShape("GOCSPX-", .base64URL, 28, 28, "a Google OAuth client secret"),
        TokenShape("dop_v1_", .lowerHex, 64, 64, "a DigitalOcean token"),
        TokenShape("hvs.", .base64URL, 24, 200, "a Vault token"),
        TokenShape("hvb.", .base64URL, 24, 400, "a Vault batch token"),
        TokenShape("dapi", .lowerHex, 32, 32, "a Databricks token"),
    ]

    private static let forges: [TokenShape] = [
        TokenShape("ghp_", .alphanumeric, 36, 251, "a GitHub personal access token"),
        TokenShape("gho_", .alphanumeric, 36, 251, "a GitHub OAuth token"),
        TokenShape("ghu_", .alphanumeric, 36, 251, "a GitHub user token"),
        TokenShape("ghs_", .alphanumeric, 36, 251, "a GitHub server token"),
        TokenShape("ghr_", .alphanumeric, 36, 251, "a GitHub refresh token"),
        TokenShape("github_pat_", ByteClass("A-Za-z0-9_"), 60, 251, "a GitHub fine-grained token"),
        TokenShape("glpat-", .base64URL, 20, 300, "a GitLab personal access token"),
        TokenShape("gldt-", .base64URL, 20, 300, "a GitLab deploy token"),
        TokenShape("glrt-", .base64URL, 20, 300, "a GitLab runner token"),
        TokenShape("glptt-", .base64URL, 40, 300, "a GitLab trigger token"),
        TokenShape("glcbt-", .base64URL, 20, 300, "a GitLab job token"),
        TokenShape("glagent-", .base64URL, 40, 300, "a GitLab agent token"),
        TokenShape("npm_", .alphanumeric, 36, 36, "an npm token"),
        TokenShape("pypi-AgE", .base64URL, 50, 400, "a PyPI token"),
        TokenShape("dckr_pat_", .base64URL, 27, 80, "a Docker token"),
    ]

    private static let services: [TokenShape] = [
        TokenShape("xoxb-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack bot token"),
        TokenShape("xoxp-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack user token"),
        TokenShape("xoxa-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack token"),
        TokenShape("xoxr-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack refresh token"),
        TokenShape("xoxs-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack token"),
        TokenShape("xapp-", ByteClass("A-Za-z0-9-"), 20, 300, "a Slack app token"),
        TokenShape("hooks.slack.com/services/T", ByteClass("A-Za-z0-9/"), 20, 100, "a Slack webhook address"),
        TokenShape("sk_live_", .alphanumeric, 20, 247, "a Stripe secret key"),
        TokenShape("rk_live_", .alphanumeric, 20, 247, "a Stripe restricted key"),
        TokenShape("sk_test_", .alphanumeric, 20, 247, "a Stripe test key"),
        TokenShape("rk_test_", .alphanumeric, 20, 247, "a Stripe restricted test key"),
        TokenShape("whsec_", ByteClass("A-Za-z0-9+/"), 32, 100, "a webhook secret"),
        TokenShape("SG.", ByteClass("A-Za-z0-9_.-"), 66, 66, "a SendGrid key"),
        TokenShape("shpat_", .hex, 32, 32, "a Shopify token"),
        TokenShape("shpss_", .hex, 32, 32, "a Shopify secret"),
        TokenShape("sk-ant-", .base64URL, 60, 200, "an Anthropic key"),
        TokenShape("sk-proj-", .base64URL, 40, 250, "an OpenAI key"),
        TokenShape("hf_", .alphanumeric, 34, 40, "a Hugging Face token"),
        TokenShape("glsa_", ByteClass("A-Za-z0-9_"), 40, 60, "a Grafana token"),
        TokenShape("lin_api_", .alphanumeric, 40, 40, "a Linear key"),
        TokenShape("ATATT3", ByteClass("A-Za-z0-9_=-"), 100, 300, "an Atlassian token"),
    ]

    private static let maximumWebToken = 2048

    /// Three parts of base64url, of which the first two are JSON objects.
    static func jsonWebToken(_ bytes: FileBytes, at offset: Int, upTo end: Int) -> Int? {
        guard bytes.has("eyJ", at: offset) else { return nil }
        let end = min(end, offset + maximumWebToken)
        let header = bytes.length(of: .base64URL, from: offset, upTo: end)
        let second = offset + header + 1
        guard header >= 12, second < end, bytes[second - 1] == UInt8(ascii: "."), bytes.has("eyJ", at: second) else {
            return nil
        }
        let payload = bytes.length(of: .base64URL, from: second, upTo: end)
        let third = second + payload + 1
        guard payload >= 10, third < end, bytes[third - 1] == UInt8(ascii: ".") else { return nil }
        let signature = bytes.length(of: .base64URL, from: third, upTo: end)
        return signature >= 16 ? third + signature - offset : nil
    }
}
