using CsCheck;
using Trainer.Coordinator.Api;

namespace Trainer.Coordinator.Tests.Api;

public class CurveThinnerTests
{
    [Fact]
    public void Of_each_stretch_the_lowest_and_the_highest_stay_in_order()
    {
        var curve = new CurveThinner("loss", new CurveGrid(first: 1, last: 12, most: 4));
        double[] values = [3, 9, 1, double.NaN, 5, 4, double.NaN, double.NaN, 2, 2, 8, 2];
        for (var i = 0; i < values.Length; i++)
        {
            curve.Add((ulong)i + 1, values[i]);
        }

        var series = curve.End();
        Assert.Equal("loss", series.Metric);
        Assert.Equal([(2ul, 9.0), (3, 1), (9, 2), (11, 8)], series.Points.Select(point => (point.Step, point.Value)));
    }

    [Fact]
    public void What_is_no_number_stays_where_there_is_nothing_else()
    {
        var curve = new CurveThinner("loss", new CurveGrid(first: 1, last: 4, most: 2));
        curve.Add(1, double.NaN);
        curve.Add(2, double.NaN);
        Assert.True(double.IsNaN(Assert.Single(curve.End().Points).Value));
    }

    [Fact]
    public void A_curve_has_no_more_points_than_asked_for_and_keeps_its_extremes() =>
        Gen.Select(Gen.Double[-1, 1].Array[1, 300], Gen.UInt[2, 40], Gen.ULong[1, 1000]).Sample((values, most, first) =>
        {
            var curve = new CurveThinner("m", new CurveGrid(first, first + (ulong)values.Length - 1, most));
            for (var i = 0; i < values.Length; i++)
            {
                curve.Add(first + (ulong)i, values[i]);
            }

            var points = curve.End().Points;
            Assert.InRange(points.Count, 1, (int)most);
            Assert.Equal(values.Length <= most ? values : [values.Min(), values.Max()], values.Length <= most ? points.Select(point => point.Value) : [points.Min(point => point.Value), points.Max(point => point.Value)]);
            Assert.Equal(points.Select(point => point.Step).Order().Distinct(), points.Select(point => point.Step));
            Assert.All(points, point => Assert.Equal(values[(int)(point.Step - first)], point.Value));
        });
}
