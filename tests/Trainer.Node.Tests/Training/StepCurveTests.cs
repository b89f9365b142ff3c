using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Training;

/// <summary>Which steps the store is to keep.</summary>
public sealed class StepCurveTests
{
    [Fact]
    public void Of_each_stretch_the_lowest_and_the_highest_loss_are_kept()
    {
        var curve = new StepCurve(steps: 1500); // Stretches of 3 steps.
        double[] losses = [5, 9, 7, double.NaN, 4, double.NaN, 3, 2];
        foreach (var (i, loss) in losses.Index())
        {
            curve.Add(Step((ulong)i + 1, loss));
        }

        Assert.Equal([(0, false, 1), (0, true, 2), (1, false, 5), (1, true, 5)], Of(curve.Take(withOpen: false)));
        Assert.Equal([(2, false, 8), (2, true, 7)], Of(curve.Take(withOpen: true)));
        Assert.Empty(curve.Take(withOpen: false));
    }

    [Fact]
    public void However_long_a_job_is_there_are_a_thousand_points_at_most_and_a_short_one_is_kept_whole()
    {
        foreach (var steps in new ulong[] { 1, 499, 500, 501, 12_345 })
        {
            var curve = new StepCurve(steps);
            for (var step = 1ul; step <= steps; step++)
            {
                curve.Add(Step(step, Math.Sin(step)));
            }

            var points = curve.Take(withOpen: true);
            Assert.InRange(points.Count, 1, 1000);
            Assert.True(steps > 500 || points.DistinctBy(point => point.Step.Step).Count() == (int)steps);
        }
    }

    private static IEnumerable<(int, bool, int)> Of(IEnumerable<CurvePoint> points) => points.Select(point => ((int)point.Stretch, point.High, (int)point.Step.Step));

    private static StepRecord Step(ulong step, double loss) => new(step, 1, DateTime.UnixEpoch, loss, 0, 0, null, 0, new StepPhases(0, 0, 0, 0, 0));
}
