using System.Text.RegularExpressions;

namespace Trainer.Cli.Tests.Architecture;

/// <summary>Rooms (namespaces) are folders, and none of them uses another that uses it, by whatever way round.</summary>
public sealed partial class RoomTests
{
    /// <summary>Folders whose files share the room of their parent.</summary>
    private static readonly string[] NotYetRooms = ["Trainer.Hosting/Metrics/Dashboard", "Trainer.Protos/JobFile"];

    public static TheoryData<string> Projects => [.. ProjectFolders().Select(folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_circle_of_rooms(string project)
    {
        var arrows = CompiledRooms.ArrowsOf(Path.Combine(AppContext.BaseDirectory, $"{AssemblyOf(project)}.dll"));

        Assert.Empty(CompiledRooms.CirclesIn(arrows).Select(circle =>
            $"{string.Join(", ", circle)}: {string.Join("; ", arrows.Where(arrow => circle.Contains(arrow.From) && circle.Contains(arrow.To)))}"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_files_room_is_its_folder(string project)
    {
        var source = Path.GetDirectoryName(ProjectFolders().Single(folder => Path.GetFileName(folder) == project))!;
        var wrong =
            from file in SourceFiles(Path.Combine(source, project))
            let folder = Path.GetRelativePath(source, Path.GetDirectoryName(file)!)
            where !NotYetRooms.Contains(folder)
            let rooms = Namespace().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value).ToList()
            where rooms is not ([] or [_]) || (rooms is [var room] && room != folder.Replace(Path.DirectorySeparatorChar, '.'))
            select $"{Path.GetRelativePath(source, file)} is in {string.Join(" and ", rooms)}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Circles_are_found_and_arrows_that_lead_out_are_not()
    {
        RoomArrow[] arrows =
        [
            new("A", "B", "x"), new("B", "C", "x"), new("C", "A", "x"), // a circle of three
            new("C", "D", "x"), new("D", "E", "x"), new("E", "D", "x"), // leads to one of two
            new("F", "A", "x"), new("E", "G", "x"),
        ];

        Assert.Equal(["A B C", "D E"], CompiledRooms.CirclesIn(arrows).Select(circle => string.Join(' ', circle)).Order(StringComparer.Ordinal));
        Assert.Empty(CompiledRooms.CirclesIn([new("A", "B", "x"), new("A", "C", "x"), new("B", "C", "x")]));
    }

    /// <summary>Where a type can stand in compiled code; each of these was once a way for an arrow to hide.</summary>
    [Theory]
    [InlineData("Base", "Derived")]
    [InlineData("Generic", "Argument")]
    [InlineData("Local", "Called")]
    [InlineData("Lambda", "Constructed")]
    [InlineData("Constraint", "Constrained")]
    [InlineData("Attributed", "Attribute")]
    [InlineData("TypeOf", "Named")]
    public void An_arrow_is_seen_wherever_a_type_stands(string from, string to)
    {
        var arrows = CompiledRooms.ArrowsOf(typeof(RoomTests).Assembly.Location);

        Assert.Contains(arrows, arrow => arrow.From == $"Trainer.Cli.Tests.Architecture.Examples.{from}" && arrow.To == $"Trainer.Cli.Tests.Architecture.Examples.{to}");
    }

    private static string AssemblyOf(string project) => project == "Trainer.Cli" ? "trainer" : project;

    private static IEnumerable<string> ProjectFolders() =>
        Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src")).Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any());

    private static IEnumerable<string> SourceFiles(string project) => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
        .Where(file => !Path.GetRelativePath(project, file).Split(Path.DirectorySeparatorChar)[0].Equals("obj", StringComparison.Ordinal))
        .Where(file => !Path.GetRelativePath(project, file).Split(Path.DirectorySeparatorChar)[0].Equals("bin", StringComparison.Ordinal));

    [GeneratedRegex(@"^\s*namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Namespace();
}
