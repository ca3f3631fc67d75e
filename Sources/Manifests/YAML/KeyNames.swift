extension YAMLTree {
    /// A key, in quotes, as a message may show it; `nil` for a text that may be a value in the wrong place and thus
    /// confidential: one that is not spelled like a name, or that has nothing behind it, as in `{hunter2}`.
    func keyName(_ key: NodeID) -> String? {
        let value = self[key].next
        guard self[key].kind == .scalar, value.exists, self[value].meaning != .null else { return nil }
        return withText(key, Self.isName) ? quoted(string(key)) : nil
    }

    private static func isName(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        (1...40).contains(text.count) && text.allSatisfy(nameCharacters.contains)
    }

    private static let nameCharacters = ASCIISet("A-Za-z0-9._/-")
}
