/// What is expected in a file, by its name.
enum LintFileKind {
    /// Keys and values, where a value needs no quotes.
    case settings
    /// Commands: values need no quotes, but names of variables are everywhere.
    case shell
    /// A program: only what stands in quotes can be a value.
    case source
    /// Text for people.
    case prose
    /// Made by tools, full of digests and encoded data: only unmistakable credentials count.
    case generated

    init(path: String) {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let suffix = name.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        if Self.lockFiles.contains(name) || Self.generatedSuffixes.contains(where: name.hasSuffix) {
            self = .generated
        } else if name.hasPrefix(".env") || Self.settingsNames.contains(name) || Self.settingsSuffixes.contains(suffix)
        {
            self = .settings
        } else if Self.shellSuffixes.contains(suffix) || Self.shellNames.contains(name) {
            self = .shell
        } else if Self.proseSuffixes.contains(suffix) || !name.contains(".") && name == name.uppercased() {
            self = .prose
        } else {
            self = .source
        }
    }

    private static let lockFiles: Set<String> = [
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "cargo.lock", "go.sum",
        "poetry.lock", "pipfile.lock", "composer.lock", "gemfile.lock", "package.resolved", "flake.lock", "uv.lock",
        "pdm.lock", "bun.lock", "packages.lock.json", "gradle.lockfile", ".terraform.lock.hcl", "mix.lock",
        "pubspec.lock", "podfile.lock", "deno.lock", "pixi.lock", "conda-lock.yml", "chart.lock", "go.work.sum",
    ]
    private static let generatedSuffixes = [".min.js", ".min.css", ".map", ".svg", ".ipynb", ".pbxproj", ".snap"]
    private static let settingsNames: Set<String> = [
        ".npmrc", ".pypirc", ".netrc", ".pgpass", ".dockercfg", ".htpasswd", "credentials", "config",
    ]
    private static let settingsSuffixes: Set<String> = [
        "yaml", "yml", "json", "json5", "jsonc", "toml", "ini", "cfg", "conf", "config", "env", "properties", "props",
        "tfvars", "cnf", "service", "desktop", "rc", "plist", "xml",
    ]
    private static let shellSuffixes: Set<String> = ["sh", "bash", "zsh", "ksh", "fish", "mk", "dockerfile", "ps1"]
    private static let shellNames: Set<String> = ["dockerfile", "containerfile", "makefile", "justfile", "procfile"]
    private static let proseSuffixes: Set<String> = ["md", "markdown", "rst", "txt", "adoc", "html", "tex", "org"]
}
