internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// Keeps the files of some templates equal to what the vault has.
actor TemplateRun {
    private static let longestHook = Duration.seconds(60)
    private let jobs: [(job: TemplateJob, template: Template)]
    /// Files and programs block.
    private let executor = QueueExecutor(label: "reseal.templates")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Throws ``DiagnosticsFailure`` with everything that is wrong in the templates.
    init(_ jobs: [TemplateJob], organization: OrganizationOption) throws {
        var problems: [Diagnostic] = []
        var read: [(TemplateJob, Template)] = []
        for job in jobs {
            do {
                read.append((job, try Template.load(job.input, organization: organization)))
            } catch let failure as DiagnosticsFailure {
                problems += failure.diagnostics
            }
        }
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        self.jobs = read.map { (job: $0.0, template: $0.1) }
        // A hook that is not there is found before anything is written.
        for job in jobs where !job.hook.isEmpty { _ = try ProgramCall(job.hook) }
    }

    nonisolated var ids: [SecretID] {
        var seen: Set<SecretID> = []
        return jobs.flatMap(\.template.ids).filter { seen.insert($0).inserted }
    }

    /// Renders all before it writes any, and runs each hook once. Throws what went wrong last.
    func update(_ readings: [SecretReading]) async throws {
        let renderer = TemplateRenderer(readings)
        var rendered: [(TemplateJob, SecretBytes)] = []
        var problems: [Diagnostic] = []
        for (job, template) in jobs {
            do { rendered.append((job, try renderer.render(template))) } catch { problems += error.diagnostics }
        }
        guard problems.isEmpty else { throw DiagnosticsFailure(problems) }
        // A file that cannot be written keeps no other from its reader.
        var failure: (any Error)?
        for (job, content) in rendered { do { try write(content, job) } catch { failure = error } }
        do { try await runHooks() } catch { failure = error }
        if let failure { throw failure }
    }

    private func write(_ content: SecretBytes, _ job: TemplateJob) throws {
        guard try !job.output.isCurrent(content) else { return }
        if !job.hook.isEmpty { try job.mark.set() }
        try job.output.replace(content)
        FaultPoint.pass("template.beforeHook")
    }

    private func runHooks() async throws {
        var failure: (any Error)?
        let due = jobs.map(\.job).filter { !$0.hook.isEmpty && $0.mark.isSet }
        var tried: Set<[String]> = []
        for hook in due.map(\.hook) where tried.insert(hook).inserted {
            do {
                try await ProgramCall(hook).run(within: Self.longestHook)
                for job in due where job.hook == hook { job.mark.clear() }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
