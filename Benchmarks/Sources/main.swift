internal import Glibc

// reseal-benchmarks generate COUNT FOLDER   a Git repository with COUNT sealed secrets, its identity and a vault home
// reseal-benchmarks floor FOLDER            the raw crypto and SQLite time that applying the repository there has to
//                                           spend, whoever does it; it was applied to the vault FOLDER/home
// reseal-benchmarks rekey-generate COUNT FOLDER VALUES_PER_FILE   a work tree whose values all have to be resealed
// reseal-benchmarks rekey-floor FOLDER      how many values that work tree has, and the time that age alone needs to open
//                                           and seal them

let arguments = CommandLine.arguments.dropFirst()
let number = arguments.dropFirst().first.flatMap { Int($0) }
switch (arguments.first, number, arguments.dropFirst(2).first, arguments.dropFirst(3).first.flatMap { Int($0) }) {
case ("generate", let count?, let folder?, nil): try SampleRepository(count: count, folder: folder).write()
case ("floor", nil, nil, nil) where arguments.count == 2: try Floor(folder: arguments.last ?? "").report()
case ("rekey-generate", let count?, let folder?, let valuesPerFile?):
    try RekeySample(count: count, valuesPerFile: valuesPerFile, folder: folder).write()
case ("rekey-floor", nil, nil, nil) where arguments.count == 2: try RekeyFloor(folder: arguments.last ?? "").report()
default:
    print(
        "usage: reseal-benchmarks generate COUNT FOLDER | floor FOLDER | rekey-generate COUNT FOLDER VALUES_PER_FILE | "
            + "rekey-floor FOLDER")
    exit(64)
}
