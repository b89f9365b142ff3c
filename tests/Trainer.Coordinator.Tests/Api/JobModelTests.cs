using Grpc.Core;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>The layers of a job's model, as people look at them.</summary>
public sealed class JobModelTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Layers_stand_behind_those_whose_outputs_they_take()
    {
        var jobs = fixture.Coordinator.Jobs;
        var spec = fixture.Spec.Clone();
        spec.Model = JobFile.Parse(
            """
            name: model
            model:
              layers:
                - conv2d: {out_channels: 2, kernel_size: 3, padding: [1]}
                - residual: {layers: [{relu: {}}]}
                - flatten: {}
                - linear: {out_features: 10}
            data: {dataset: fashion-mnist}
            training: {epochs: 1, batch_size: 8, optimizer: {sgd: {lr: 0.1}}}
            """,
            "model.yaml").Model;
        var job = await jobs.CreateJobAsync(new CreateJobRequest { Spec = spec });

        var model = await jobs.DescribeModelAsync(new DescribeModelRequest { Id = job.Id });

        Assert.Equal(["conv2d", "relu", "sum", "flatten", "linear"], model.Layers.Select(layer => layer.Kind));
        Assert.Equal(["-1", "0", "1,0", "2", "3"], model.Layers.Select(layer => string.Join(',', layer.Inputs)));
        Assert.Equal([-1, -1], model.Layers[0].ReceptiveStart);
        Assert.Equal([3u, 3u, 1u, 1u], model.Layers[0].ReceptiveField.Concat(model.Layers[0].ReceptiveStride));
        Assert.Equal(model.Layers.Aggregate(0ul, (sum, layer) => sum + layer.Parameters), model.Parameters);
        Assert.Equal(model.Input.Skip(1).Aggregate(2u, (product, size) => product * size), model.Layers[3].Output.Single());
        Assert.Equal(model, await jobs.DescribeModelAsync(new DescribeModelRequest { Id = job.Id }));
        await jobs.CancelJobAsync(new CancelJobRequest { Id = job.Id });
        await jobs.DeleteJobAsync(new DeleteJobRequest { Id = job.Id });
        await ApiCalls.FailsAsync(jobs.DescribeModelAsync(new DescribeModelRequest { Id = job.Id }), StatusCode.NotFound, "JOB_NOT_FOUND");

        await ApiCalls.FailsAsync(jobs.DescribeModelAsync(new DescribeModelRequest { Id = "nobody" }), StatusCode.NotFound, "JOB_NOT_FOUND");
    }
}
