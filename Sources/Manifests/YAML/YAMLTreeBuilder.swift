internal import CLibYAML
internal import ResealCore

/// Builds nodes from the events of libyaml, within limits.
struct YAMLTreeBuilder {
    enum Outcome {
        case end
        /// A document could not be parsed: where it starts, and where the error is.
        case failed(start: Int, offset: Int)
        /// A limit of the whole file is exceeded.
        case gaveUp
    }

    /// Why building stops before the end.
    private enum Stop: Error { case document(offset: Int), file }

    /// A mapping or list that is not closed yet.
    private struct Open {
        let id: NodeID
        let isMapping: Bool
        var last = NodeID.none
        var awaitsValue = false
        var weight: Int32 = 1
        var height: UInt8 = 0
    }

    let text: SourceText
    let limits: YAMLLimits
    private let knowsMarks: Bool
    private(set) var reading = YAMLReading()
    private var offsets: ByteOffsets
    private var open: [Open] = []
    private var anchors: [String: NodeID] = [:]
    private var root = NodeID.none
    private var start = 0
    private var isFaulty = false
    private var documents = 0
    private var aliased = 0

    init(text: SourceText, limits: YAMLLimits, knowsMarks: Bool) {
        self.text = text
        self.limits = limits
        self.knowsMarks = knowsMarks
        offsets = ByteOffsets(isASCII: text.isASCII, base: text.start)
        // A guess from real manifests, where a node takes a dozen bytes or more.
        reading.tree.nodes.reserveCapacity(text.bytes.count / 16 + 8)
        reading.tree.text.reserveCapacity(text.bytes.count)
    }

    /// Counts a document that is not even tried, because it holds bytes that are no text.
    mutating func skipDocument() {
        documents += 1
        reading.isComplete = false
    }

    mutating func parse(_ range: Range<Int>, log: inout DiagnosticLog) -> Outcome {
        let bytes = text.bytes
        offsets = ByteOffsets(isASCII: text.isASCII, base: range.lowerBound)
        start = range.lowerBound
        return bytes.withUnsafeBufferPointer { all in
            guard let parser = YAMLEventParser(borrowing: UnsafeBufferPointer(rebasing: all[range])) else {
                return .gaveUp
            }
            var event = yaml_event_t()
            while parser.next(&event) {
                defer { yaml_event_delete(&event) }
                do throws(Stop) {
                    if event.type == YAML_STREAM_END_EVENT { return .end }
                    try take(event, log: &log)
                    if log.isFull { throw .file }
                } catch {
                    discardDocument()
                    if case .document(let offset) = error { return .failed(start: start, offset: offset) }
                    return .gaveUp
                }
            }
            let problem = parser.problem
            let offset = min(offsets.offset(of: problem.mark, in: all), all.count)
            let context = offsets.offset(of: problem.contextMark, in: all)
            log.add(problem.diagnostic(in: text, at: offset, context: context))
            discardDocument()
            return .failed(start: start, offset: offset)
        }
    }

    private mutating func discardDocument() {
        // Nodes stay where they are: their number is bounded, and nothing refers to them.
        open.removeAll(keepingCapacity: true)
        anchors.removeAll(keepingCapacity: true)
        reading.isComplete = false
    }

    private mutating func take(_ event: yaml_event_t, log: inout DiagnosticLog) throws(Stop) {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT:
            start = offset(event.start_mark)
            documents += 1
            guard documents <= limits.documents else {
                throw stopFile(&log, "yaml.too-many-documents", "more than \(limits.documents) documents in one file")
            }
            root = .none
            isFaulty = false
        case YAML_DOCUMENT_END_EVENT:
            if root.exists {
                reading.documents.append(YAMLDocument(index: documents - 1, root: root, isFaulty: isFaulty))
            }
            anchors.removeAll(keepingCapacity: true)
        case YAML_SCALAR_EVENT: try scalar(event, log: &log)
        case YAML_ALIAS_EVENT: try alias(event, log: &log)
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            let style: YAMLNode.Style = data.style == YAML_FLOW_MAPPING_STYLE ? .flow : .block
            try begin(.mapping, style, event, tag: data.tag, anchor: data.anchor, log: &log)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            let style: YAMLNode.Style = data.style == YAML_FLOW_SEQUENCE_STYLE ? .flow : .block
            try begin(.sequence, style, event, tag: data.tag, anchor: data.anchor, log: &log)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: finish(event, log: &log)
        default: break
        }
    }

    // MARK: Nodes

    private mutating func scalar(_ event: yaml_event_t, log: inout DiagnosticLog) throws(Stop) {
        let data = event.data.scalar
        let content = UnsafeBufferPointer<UInt8>(start: data.value, count: data.length)
        var node = YAMLNode(
            kind: .scalar, style: style(data.style), start: Int32(offset(event.start_mark)),
            end: Int32(offset(event.end_mark)))
        node.first = Int32(reading.tree.text.count)
        node.count = Int32(content.count)
        node.isArmor = ArmorMark.begins(content)
        reading.tree.text.append(contentsOf: content)
        if let tag = data.tag {
            let uri = String(cString: UnsafePointer(tag))
            node.mark = knowsMarks && !isKeyNext ? SealMark(tag: uri) : nil
            if node.mark == nil { node.meaning = meaning(uri, content, node, log: &log) }
        } else if node.style == .plain {
            node.meaning = ScalarMeaning(plain: content)
            if content.count == 2, content[0] == UInt8(ascii: "<"), content[1] == UInt8(ascii: "<"), isKeyNext {
                report(
                    &log, "yaml.merge-key", "merge keys (`<<`) are not supported",
                    hint: "write the keys out; reviewers then see what each manifest says", at: Int(node.start))
            }
        }
        node.weight = Int32(1 + content.count / YAMLNode.bytesPerWeight)
        if data.anchor != nil, content.isEmpty, node.style == .plain {
            report(
                &log, "yaml.empty-anchor", "an anchor with nothing behind it",
                hint: "quote the value if the `&` belongs to it", at: Int(node.start))
        }
        if data.anchor != nil, node.mark != nil {
            report(
                &log, "yaml.marked-anchor", "a leaf that is marked to be sealed has an anchor",
                hint: "remove the anchor, and mark each leaf by itself", at: Int(node.start))
        }
        let id = try add(node, log: &log)
        name(data.anchor, id)
        account(weight: node.weight, height: 1)
    }

    private mutating func alias(_ event: yaml_event_t, log: inout DiagnosticLog) throws(Stop) {
        let name = event.data.alias.anchor.map { String(cString: UnsafePointer($0)) } ?? ""
        let begin = offset(event.start_mark)
        var node: YAMLNode
        if let target = anchors[name] {
            if open.contains(where: { $0.id == target }) {
                report(&log, "yaml.cyclic-alias", "an alias stands inside what it refers to", at: begin)
                throw .document(offset: begin)
            }
            node = reading.tree[target]
            aliased += Int(node.weight)
            guard aliased <= limits.aliasedNodes else {
                report(
                    &log, "yaml.alias-limit",
                    "aliases stand for more than \(limits.aliasedNodes) nodes of \(YAMLNode.bytesPerWeight) bytes in this file",
                    hint: "write the values out, or split the file", at: begin)
                throw .file
            }
            try checkDepth(Int(node.height) - 1, at: begin, log: &log)
        } else {
            // Its name is not shown: a password may begin with `*`.
            report(
                &log, "yaml.unknown-alias", "no anchor of this name stands before this alias",
                hint: "quote the value if the `*` belongs to it", at: begin)
            node = YAMLNode(kind: .scalar, style: .plain, start: 0, end: 0)
            node.first = 0
        }
        node.isAlias = true
        if node.kind == .scalar { node.style = .plain }
        node.start = Int32(begin)
        node.end = Int32(offset(event.end_mark))
        node.next = .none
        _ = try add(node, log: &log)
        account(weight: node.weight, height: node.height)
    }

    private mutating func begin(
        _ kind: YAMLNode.Kind, _ style: YAMLNode.Style, _ event: yaml_event_t, tag: UnsafeMutablePointer<UInt8>?,
        anchor: UnsafeMutablePointer<UInt8>?, log: inout DiagnosticLog
    ) throws(Stop) {
        let node = YAMLNode(
            kind: kind, style: style, start: Int32(offset(event.start_mark)), end: Int32(offset(event.end_mark)))
        if let tag {
            let known = CoreTag(uri: String(cString: UnsafePointer(tag)))
            if known != (kind == .mapping ? .map : .seq) { reportTag(&log, at: Int(node.start)) }
        }
        try checkDepth(1, at: Int(node.start), log: &log)
        let id = try add(node, log: &log)
        name(anchor, id)
        open.append(Open(id: id, isMapping: kind == .mapping))
    }

    private mutating func finish(_ event: yaml_event_t, log: inout DiagnosticLog) {
        guard let closed = open.popLast() else { return }
        let end = offset(event.end_mark)
        reading.tree[closed.id].end = Int32(end)
        reading.tree[closed.id].weight = closed.weight
        reading.tree[closed.id].height = closed.height + 1
        if closed.isMapping {
            for (first, second) in reading.tree.duplicateKeys(closed.id) where !log.isFull {
                let (line, column) = text.position(of: Int(reading.tree[first].start))
                let key = reading.tree.keyName(second).map { "the key \($0)" } ?? "a key"
                report(
                    &log, "yaml.duplicate-key", "\(key) stands twice in this mapping",
                    hint: "the first one is at line \(line), column \(column)", at: Int(reading.tree[second].start))
            }
        }
        account(weight: closed.weight, height: closed.height + 1)
    }

    // MARK: Linking

    private var isKeyNext: Bool { open.last.map { $0.isMapping && !$0.awaitsValue } ?? false }

    /// Appends the node and links it to its parent.
    private mutating func add(_ node: YAMLNode, log: inout DiagnosticLog) throws(Stop) -> NodeID {
        guard reading.tree.nodes.count < limits.nodes else {
            throw stopFile(&log, "yaml.too-many-nodes", "more than \(limits.nodes) nodes in one file")
        }
        if isKeyNext, node.kind != .scalar {
            report(
                &log, "yaml.key", "a key must be text, not a \(node.kind == .mapping ? "mapping" : "list")",
                at: Int(node.start))
        }
        let id = NodeID(index: Int32(reading.tree.nodes.count))
        reading.tree.nodes.append(node)
        guard let parent = open.indices.last else {
            root = id
            return id
        }
        if open[parent].last.exists {
            reading.tree[open[parent].last].next = id
        } else {
            reading.tree[open[parent].id].first = id.index
        }
        open[parent].last = id
        open[parent].awaitsValue.toggle()
        reading.tree[open[parent].id].count += 1
        return id
    }

    /// Adds a finished node to the measures of its parent.
    private mutating func account(weight: Int32, height: UInt8) {
        guard let parent = open.indices.last else { return }
        open[parent].weight += weight
        open[parent].height = max(open[parent].height, height)
    }

    private mutating func name(_ anchor: UnsafeMutablePointer<UInt8>?, _ id: NodeID) {
        guard let anchor else { return }
        anchors[String(cString: UnsafePointer(anchor))] = id
    }

    private mutating func offset(_ mark: yaml_mark_t) -> Int {
        if text.isASCII { return offsets.base + mark.index }
        let bytes = text.bytes
        return bytes.withUnsafeBufferPointer { offsets.offset(of: mark.index, in: $0) }
    }

    private func style(_ style: yaml_scalar_style_t) -> YAMLNode.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    // MARK: Findings

    private mutating func meaning(
        _ uri: String, _ content: UnsafeBufferPointer<UInt8>, _ node: YAMLNode, log: inout DiagnosticLog
    ) -> ScalarMeaning {
        if uri == "!" { return .string }
        guard let name = CoreTag(uri: uri), let meaning = ScalarMeaning(tag: name, text: content) else {
            reportTag(&log, at: Int(node.start))
            return .string
        }
        return meaning
    }

    private mutating func reportTag(_ log: inout DiagnosticLog, at offset: Int) {
        report(
            &log, "yaml.tag", "a tag that is not supported, or that does not fit what it marks",
            hint: "use plain YAML; of the tags only !!str, !!int, !!float, !!bool, !!null and !!binary are known",
            at: offset)
    }

    private mutating func checkDepth(_ more: Int, at offset: Int, log: inout DiagnosticLog) throws(Stop) {
        guard open.count + more > limits.depth else { return }
        report(&log, "yaml.too-deep", "nested deeper than \(limits.depth) levels", at: offset)
        throw .document(offset: offset)
    }

    private mutating func report(
        _ log: inout DiagnosticLog, _ code: String, _ message: String, hint: String? = nil, at offset: Int
    ) {
        isFaulty = true
        log.add(Diagnostic(code: code, message, hint: hint, at: text.span(at: offset)))
    }

    private mutating func stopFile(_ log: inout DiagnosticLog, _ code: String, _ message: String) -> Stop {
        report(&log, code, message, hint: "split the file", at: start)
        return .file
    }
}
