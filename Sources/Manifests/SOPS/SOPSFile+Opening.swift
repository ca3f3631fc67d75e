package import ResealAge
internal import ResealCore
internal import ResealSealing

extension SOPSFile {
    /// Opens all documents and checks the MAC, always.
    ///
    /// Throws ``ManifestFailure/Kind/sopsNoMatch`` if no identity fits, ``ManifestFailure/Kind/sopsMAC`` for a document
    /// that was changed, and ``ManifestFailure/Kind/sopsFormat`` for a value that is not encrypted where it should be.
    package func open(with identities: [any Identity]) throws(ManifestFailure) -> [SOPSNode<SOPSValue>] {
        let key = try dataKey(identities)
        var opened: [SOPSNode<SOPSValue>] = []
        do {
            var opening = try SOPSOpening(self, key: key)
            for document in documents { opened.append(try opening.open(document, path: [], SOPSSelection.Context())) }
            try opening.checkMAC()
        } catch let failure as ManifestFailure {
            throw failure
        } catch {
            // Only without memory, or without a provider of the algorithms.
            throw ManifestFailure(.sopsMAC, "the MAC of the SOPS document cannot be computed", at: metadataSpan)
        }
        return opened
    }

    private func dataKey(_ identities: [any Identity]) throws(ManifestFailure) -> SecretBytes {
        var reason: AgeFailure?
        for entry in metadata.ageKeys {
            do throws(AgeFailure) {
                let key = try Age.decrypt(entry.sealedKey, with: identities)
                guard key.count == SOPSCiphertext.keyBytes else {
                    throw AgeFailure(.payload, "the data key has \(key.count) bytes instead of 32")
                }
                return key
            } catch {
                if error.kind != .noMatch { reason = reason ?? error }
            }
        }
        let names = metadata.ageKeys.map(\.recipient)
        let list =
            names.prefix(4).map { quoted($0, upTo: 120) }.joined(separator: ", ") + (names.count > 4 ? ", …" : "")
        if let reason {
            throw ManifestFailure(
                .sopsNoMatch, "the data key of the SOPS document cannot be opened: \(reason.message)",
                hint: reason.hint ?? "run `sops updatekeys` on the file", at: metadataSpan)
        }
        throw ManifestFailure(
            .sopsNoMatch,
            identities.isEmpty
                ? "no identity was given for the SOPS document; it is for \(list)"
                : "no identity that was given opens the SOPS document; it is for \(list)",
            hint: "give the identity of one of them with --identity, or add this one's recipient: "
                + "`sops rotate --in-place --add-age age1… FILE`", at: metadataSpan)
    }
}

/// Decrypts the documents of one file in order, and adds up what the MAC covers.
private struct SOPSOpening: ~Copyable {
    /// What a MAC over encrypted values alone begins with, so that it never equals one over all values.
    private static let encryptedOnlyStart = SHA256.hash(Array("sops".utf8))

    private let file: SOPSFile
    private let key: SecretBytes
    private var selection: SOPSSelection
    private var digest: SHA512

    init(_ file: SOPSFile, key: SecretBytes) throws(SealingFailure) {
        var digest = try SHA512()
        if file.metadata.macCoversEncryptedOnly {
            try Self.encryptedOnlyStart.withRawBytes { (bytes) throws(SealingFailure) in try digest.update(bytes) }
        }
        self.file = file
        self.key = key
        selection = SOPSSelection(file.metadata.selection, at: file.metadataSpan)
        self.digest = digest
    }

    // MARK: Walking

    mutating func open(
        _ node: SOPSNode<SOPSScalar>, path: [String], _ context: SOPSSelection.Context
    ) throws(ManifestFailure) -> SOPSNode<SOPSValue> {
        switch node {
        case .leaf(let leaf): return .leaf(try open(leaf, path: path, isEncrypted: selection.isEncrypted(context)))
        case .mapping(let entries): return .mapping(try open(entries, path: path, context))
        case .list(let items):
            var context = selection.enteringCollection(from: context)
            var opened: [SOPSItem<SOPSValue>] = []
            for item in items {
                switch item {
                case .comment(let comment): opened.append(.comment(try open(comment: comment, path: path, &context)))
                case .value(let node):
                    opened.append(.value(try open(node, path: path, context)))
                    context = selection.leavingValue(context)
                }
            }
            return .list(opened)
        }
    }

    private mutating func open(
        _ entries: [SOPSEntry<SOPSScalar>], path: [String], _ outer: SOPSSelection.Context
    ) throws(ManifestFailure) -> [SOPSEntry<SOPSValue>] {
        var context = selection.enteringCollection(from: outer)
        var opened: [SOPSEntry<SOPSValue>] = []
        for entry in entries {
            switch entry {
            case .comment(let comment): opened.append(.comment(try open(comment: comment, path: path, &context)))
            case .value(let key, let offset, let node):
                let inner = try selection.entering(key, from: context)
                opened.append(.value(key: key, offset: offset, try open(node, path: path + [key], inner)))
                context = selection.leavingValue(context)
            }
        }
        return opened
    }

    // MARK: Leaves

    private mutating func open(
        _ leaf: SOPSScalar, path: [String], isEncrypted: Bool
    ) throws(ManifestFailure) -> SOPSValue {
        // Nothing is left as it is, and counts for nothing.
        if leaf.content == .null { return SOPSValue(.null, SecretBytes([]), isEncrypted: false, offset: leaf.offset) }
        guard isEncrypted else {
            if !file.metadata.macCoversEncryptedOnly { try add(SecretBytes(leaf.content.hashed), at: leaf.offset) }
            return try SOPSValue(plain: leaf, in: file)
        }
        guard case .string(let text) = leaf.content else {
            throw failure(path, leaf.offset, "is not encrypted, though the document's rules say so")
        }
        if text.isEmpty { return SOPSValue(.string, SecretBytes([]), isEncrypted: false, offset: leaf.offset) }
        guard let sealed = SOPSCiphertext(parsing: text), sealed.kind != .comment else {
            throw failure(
                path, leaf.offset,
                SOPSCiphertext.begins(text)
                    ? "is a damaged ciphertext" : "is not encrypted, though the document's rules say so")
        }
        let plaintext: SecretBytes
        do throws(SealingFailure) {
            plaintext = try sealed.open(with: key, place: SOPSCiphertext.place(path))
        } catch {
            throw failure(path, leaf.offset, "was changed, or moved here from another key", .sopsMAC)
        }
        guard let (value, hashed) = SOPSValue.opened(plaintext, as: sealed.kind, at: leaf.offset) else {
            throw failure(path, leaf.offset, "does not hold what its type says")
        }
        try add(hashed, at: leaf.offset)
        return value
    }

    /// A comment that does not decrypt was never encrypted: SOPS takes it as it is, and the MAC covers none.
    private mutating func open(
        comment: SOPSScalar, path: [String], _ context: inout SOPSSelection.Context
    ) throws(ManifestFailure) -> SOPSValue {
        guard case .comment(let text) = comment.content else {
            return SOPSValue(.comment, SecretBytes([]), isEncrypted: false, offset: comment.offset)
        }
        let isEncrypted = try selection.comment(text, in: &context)
        guard isEncrypted, let sealed = SOPSCiphertext(parsing: text),
            let plaintext = try? sealed.open(with: key, place: SOPSCiphertext.place(path))
        else { return SOPSValue(.comment, SecretBytes(text), isEncrypted: false, offset: comment.offset) }
        // Very old files hold comments as strings, which then count.
        if sealed.kind != .comment { try add(plaintext, at: comment.offset) }
        return SOPSValue(.comment, plaintext, isEncrypted: true, offset: comment.offset)
    }

    private func failure(
        _ path: [String], _ offset: Int, _ problem: String, _ kind: ManifestFailure.Kind = .sopsFormat
    ) -> ManifestFailure {
        let name = path.isEmpty ? "a value" : quoted(FieldPath(path).description)
        return ManifestFailure(
            kind, "\(name) of the SOPS document \(problem)",
            hint: "restore the document from Git, or write the value with `sops edit` or `sops set`",
            at: file.span(at: offset))
    }

    // MARK: MAC

    private mutating func add(_ bytes: SecretBytes, at offset: Int) throws(ManifestFailure) {
        do throws(SealingFailure) {
            try bytes.withUnsafeBytes { (bytes) throws(SealingFailure) in try digest.update(bytes) }
        } catch {
            throw ManifestFailure(.sopsMAC, error.message, at: file.span(at: offset))
        }
    }

    consuming func checkMAC() throws(ManifestFailure) {
        let file = file
        guard let sealed = SOPSCiphertext(parsing: Array(file.metadata.mac.utf8)), sealed.kind == .str,
            let stated = try? sealed.open(with: key, place: Array(file.metadata.lastModified.utf8))
        else {
            throw ManifestFailure(
                .sopsMAC, "the MAC of the SOPS document is damaged, or belongs to another time than `lastmodified`",
                hint: "restore the document from Git", at: file.metadataSpan)
        }
        let computed = try? digest.finish()
        guard let computed, constantTimeEqual(Array(Hex.encode(computed).uppercased().utf8), stated.revealBytes())
        else {
            throw ManifestFailure(
                .sopsMAC, "the SOPS document was changed after it was written: its MAC does not fit",
                hint:
                    "compare it with the last commit that worked; `sops edit` keeps the MAC right, other editors do not",
                at: file.metadataSpan)
        }
    }
}

extension SOPSValue {
    /// A value that stands in the file as it is.
    fileprivate init(plain leaf: SOPSScalar, in file: SOPSFile) throws(ManifestFailure) {
        func value(_ kind: Kind, _ text: [UInt8]) -> SOPSValue {
            SOPSValue(kind, SecretBytes(text), isEncrypted: false, offset: leaf.offset)
        }
        switch leaf.content {
        case .string(let text), .comment(let text):
            let bytes = SecretBytes(text)
            self.init(bytes.isUTF8 ? .string : .binary, bytes, isEncrypted: false, offset: leaf.offset)
        case .integer(let number): self = value(.integer, Array(String(number).utf8))
        case .float(let number): self = value(Self.kind(of: number), Array(Self.text(of: number).utf8))
        case .boolean(let flag): self = value(.boolean, Array((flag ? "true" : "false").utf8))
        case .time(let text): self = value(.string, Array(text.utf8))
        case .null: self = value(.null, [])
        case .unsigned:
            throw ManifestFailure(
                .sopsFormat, "a number of the SOPS document is larger than SOPS takes", hint: "put it in quotes",
                at: file.span(at: leaf.offset))
        }
    }

    /// A decrypted value, and the bytes of it that the MAC covers; `nil` if it is not of its type.
    fileprivate static func opened(
        _ plaintext: SecretBytes, as kind: SOPSCiphertext.Kind, at offset: Int
    ) -> (SOPSValue, hashed: SecretBytes)? {
        func value(_ kind: Kind, _ bytes: SecretBytes) -> SOPSValue {
            SOPSValue(kind, bytes, isEncrypted: true, offset: offset)
        }
        switch kind {
        case .str: return (value(plaintext.isUTF8 ? .string : .binary, plaintext), plaintext)
        case .bytes: return (value(.binary, plaintext), plaintext)
        case .comment: return (value(.comment, plaintext), plaintext)
        case .int:
            guard let number = plaintext.revealText().flatMap({ Int64($0) }) else { return nil }
            let text = SecretBytes(utf8: String(number))
            return (value(.integer, text), text)
        case .float:
            guard let number = plaintext.revealText().flatMap({ Double($0) }) else { return nil }
            return (
                value(Self.kind(of: number), SecretBytes(utf8: Self.text(of: number))),
                SecretBytes(utf8: GoNumber.text(number))
            )
        case .bool:
            guard let flag = plaintext.revealText().flatMap(GoNumber.boolean) else { return nil }
            return (
                value(.boolean, SecretBytes(utf8: flag ? "true" : "false")), SecretBytes(utf8: flag ? "True" : "False")
            )
        case .time:
            guard let time = plaintext.revealText().flatMap({ GoTime(yaml: $0) }) else { return nil }
            let text = SecretBytes(utf8: time.text)
            return (value(.string, text), text)
        }
    }

    // SOPS knows no integers in JSON, and writes `12.0` as `12`.
    private static let largestExact = 9_007_199_254_740_992.0

    private static func kind(of number: Double) -> Kind {
        guard number.isFinite else { return .string }
        return isWhole(number) ? .integer : .number
    }

    /// As JSON writes it; what JSON does not have, as YAML does.
    private static func text(of number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        return isWhole(number) ? String(Int64(number)) : "\(number)"
    }

    private static func isWhole(_ number: Double) -> Bool {
        number == number.rounded() && number.magnitude <= largestExact && !(number == 0 && number.sign == .minus)
    }
}
