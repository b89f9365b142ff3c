using System.Text.Json.Nodes;
using Trainer.Differential.Tests.Generation;

namespace Trainer.Differential.Tests.Running;

/// <summary>Makes a case that fails smaller, as long as it fails alike: fewer layers, options, samples and epochs.</summary>
internal sealed class Shrinker(Func<Case, Verdict> judge, int tries = 150)
{
    private int _left = tries;

    public (Case Case, Verdict Verdict) Shrink(Case failing, Verdict verdict)
    {
        for (var smaller = true; smaller && _left > 0;)
        {
            smaller = false;
            foreach (var candidate in Smaller(failing))
            {
                if (_left-- <= 0)
                {
                    break;
                }

                if (Judge(candidate) is { } found && found.IsLike(verdict))
                {
                    (failing, verdict, smaller) = (candidate, found, true);
                    break;
                }
            }
        }

        return (failing, verdict);
    }

    /// <summary>Null of what is no job any more.</summary>
    private Verdict? Judge(Case candidate)
    {
        try
        {
            return judge(candidate);
        }
        catch (BrokenReferenceException)
        {
            return null;
        }
    }

    private static IEnumerable<Case> Smaller(Case tried)
    {
        foreach (var count in new[] { tried.Train.Count / 2, tried.Train.Count - 1 }.Where(count => count > 0))
        {
            yield return tried with { Train = tried.Train.Take(count) };
        }

        if (tried.Test.Count > 1)
        {
            yield return tried with { Test = tried.Test.Take(1) };
        }

        if (tried.Perturbs)
        {
            yield return WithJob(tried, job => Section(job).Remove("init")) with { Perturbs = false };
        }

        foreach (var path in Paths(tried.Job, []).Where(path => path is not (["name"] or ["model" or "training" or "data"] or ["data", "idx", ..] or ["training", "init", ..])))
        {
            yield return WithJob(tried, job => Remove(job, path));
        }

        foreach (var path in Paths(tried.Job, []).Where(path => At(tried.Job, path) is JsonValue))
        {
            if (At(tried.Job, path)!.GetValueKind() == System.Text.Json.JsonValueKind.Number && At(tried.Job, path)!.GetValue<double>() > 1)
            {
                yield return WithJob(tried, job => Replace(job, path, JsonNode.Parse("1")!));
            }
        }

        foreach (var path in Paths(tried.Job, []).Where(path => At(tried.Job, path) is JsonObject layer && Inner(layer) is not null))
        {
            yield return WithJob(tried, job => Unwrap(job, path));
        }
    }

    private static JsonObject Section(JsonObject job) => (JsonObject)job["training"]!;

    private static Case WithJob(Case tried, Action<JsonObject> change)
    {
        var job = (JsonObject)tried.Job.DeepClone();
        change(job);
        return tried with { Job = job };
    }

    /// <summary>The way to each part, outer ones first.</summary>
    private static IEnumerable<object[]> Paths(JsonNode? node, object[] path)
    {
        var children = node switch
        {
            JsonObject fields => fields.Select(field => ((object)field.Key, field.Value)),
            JsonArray items => items.Select((item, i) => ((object)i, item)),
            _ => [],
        };
        var all = children.ToList();
        return [.. all.Select(child => (object[])[.. path, child.Item1]), .. all.SelectMany(child => Paths(child.Item2, [.. path, child.Item1]))];
    }

    private static JsonNode? At(JsonNode? node, IEnumerable<object> path) =>
        path.Aggregate(node, (at, step) => step is int index ? at?[index] : at?[(string)step]);

    private static void Remove(JsonObject job, object[] path)
    {
        var parent = At(job, path.SkipLast(1));
        if (parent is JsonArray list)
        {
            list.RemoveAt((int)path[^1]);
        }
        else
        {
            ((JsonObject)parent!).Remove((string)path[^1]);
        }
    }

    private static void Replace(JsonObject job, object[] path, JsonNode value)
    {
        var parent = At(job, path.SkipLast(1));
        if (parent is JsonArray list)
        {
            list[(int)path[^1]] = value;
        }
        else
        {
            parent![(string)path[^1]] = value;
        }
    }

    /// <summary>The layers within a container; null of what is none.</summary>
    private static JsonArray? Inner(JsonObject layer) =>
        layer["sequential"]?["layers"] as JsonArray ?? layer["residual"]?["layers"] as JsonArray ?? layer["concat"]?["branches"]?[0]?["layers"] as JsonArray;

    private static void Unwrap(JsonObject job, object[] path)
    {
        if (At(job, path.SkipLast(1)) is JsonArray list)
        {
            var (index, inner) = ((int)path[^1], Inner((JsonObject)At(job, path)!)!);
            list.RemoveAt(index);
            foreach (var layer in inner.Reverse())
            {
                list.Insert(index, layer!.DeepClone());
            }
        }
    }
}
