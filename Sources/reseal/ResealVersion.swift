/// The version that `--version`, plans and audit records state.
enum ResealVersion {
    static let current = "0.1.0"
}
