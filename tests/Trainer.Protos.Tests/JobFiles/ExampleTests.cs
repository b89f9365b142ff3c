namespace Trainer.Protos.Tests.JobFiles;

public sealed class ExampleTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Repository.Folder("examples")).Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_example_is_a_good_job_file_named_as_its_job(string file)
    {
        var spec = JobFile.Read(Path.Combine(Repository.Folder("examples"), file));

        Assert.Equal(Path.GetFileNameWithoutExtension(file), spec.Name);
        Assert.Equal(spec, JobFile.Parse(JobFile.Write(spec), "/copy.yaml"));
    }

    [Fact]
    public void The_main_job_is_the_one_of_the_readme()
    {
        var spec = JobFile.Read(Path.Combine(Repository.Folder("examples"), "lenet-fashion-mnist.yaml"));

        Assert.Equal(("lenet", "fashion-mnist", 10u, 256u, 0ul, 0.9),
            (spec.Model.Zoo, spec.Data.Dataset, spec.Training.Epochs, spec.Training.BatchSize, spec.Training.Seed, spec.Training.Optimizer.Sgd.Lr));
    }
}
