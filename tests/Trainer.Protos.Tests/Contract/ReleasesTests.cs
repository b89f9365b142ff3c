using Google.Protobuf.Reflection;

namespace Trainer.Protos.Tests.Contract;

/// <summary>What releases before this one have published (tests/contract) still holds: only additions.</summary>
public sealed class ReleasesTests
{
    public static TheoryData<string> Releases => [.. Folders().Select(folder => Path.GetFileName(folder))];

    [Fact]
    public void There_are_releases() => Assert.Contains("0.2", Folders().Select(Path.GetFileName));

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task The_api_has_only_grown(string release) => Assert.Equal(
        "", await Buf.RunAsync("breaking", "--against", Path.Combine(Folder(release), "trainer.binpb")));

    /// <summary>Without buf: every message, field, value and method of the release is there with its number.</summary>
    [Theory]
    [MemberData(nameof(Releases))]
    public void Every_name_keeps_its_number(string release) => Assert.Empty(Names(Set(Path.Combine(Folder(release), "trainer.binpb")))
        .Except(Names(Set(Path.Combine(AppContext.BaseDirectory, "trainer.binpb")))));

    [Theory]
    [MemberData(nameof(Releases))]
    public void Its_job_files_are_read(string release)
    {
        var files = Directory.GetFiles(Path.Combine(Folder(release), "jobs"), "*.yaml");
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(Path.GetFileNameWithoutExtension(file), JobFile.Read(file).Name));
    }

    private static IEnumerable<string> Folders() => Directory.EnumerateDirectories(Repository.Folder("tests/contract"))
        .Where(folder => File.Exists(Path.Combine(folder, "trainer.binpb")));

    private static string Folder(string release) => Path.Combine(Repository.Folder("tests/contract"), release);

    private static FileDescriptorSet Set(string path) => FileDescriptorSet.Parser.ParseFrom(File.ReadAllBytes(path));

    private static IEnumerable<string> Names(FileDescriptorSet set) =>
        from file in set.File
        where file.Package == "trainer.v1"
        from name in file.MessageType.SelectMany(Fields)
            .Concat(file.EnumType.SelectMany(type => type.Value.Select(value => $"{type.Name}.{value.Name} = {value.Number}")))
            .Concat(file.Service.SelectMany(service => service.Method.Select(method => $"{service.Name}.{method.Name}({method.InputType}) {method.OutputType}")))
        select name;

    private static IEnumerable<string> Fields(DescriptorProto message) =>
        message.Field.Select(field => $"{message.Name}.{field.Name} = {field.Number}, {field.Type} {field.TypeName}, {field.Label}");
}
