using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Trainer.Differential.Tests.Generation;
using Trainer.Protos;

namespace Trainer.Differential.Tests;

/// <summary>The generator draws every field that a job file has, and every word of those that are a choice, so that what is added is compared with PyTorch too.</summary>
public sealed class CoverageTests
{
    private const int MostCases = 1500;

    /// <summary>What has no counterpart in PyTorch, or is compared elsewhere.</summary>
    private static readonly Dictionary<string, string> NotDrawn = new(StringComparer.Ordinal)
    {
        ["Model.zoo"] = "whole networks have golden values (Kernels.Tests/Golden/networks.py)",
        ["Model.classes"] = "of the zoo",
        ["Model.width"] = "of the zoo",
        ["Model.dropout"] = "of the zoo",
        ["Model.variant"] = "of the zoo; torchvision's are compared with it (Kernels.Tests/Networks/TorchvisionTests)",
        ["Data.dataset"] = "known files",
        ["Data.image_folder"] = "formats have tests of their own (Kernels.Tests/Data)",
        ["Data.cifar10"] = "likewise",
        ["Data.cifar100"] = "likewise",
        ["Data.npy"] = "likewise",
        ["Data.csv"] = "likewise",
        ["Data.tar"] = "likewise",
        ["Data.packed"] = "likewise",
        ["Data.pushed"] = "likewise",
        ["Data.parquet"] = "likewise",
        ["Data.labels"] = "likewise",
        ["Data.limit"] = "likewise",
        ["Data.content_id"] = "likewise",
        ["Data.decoder_id"] = "likewise",
        ["Data.drop_last"] = "fewer steps of an epoch (Node.Tests/Worker/SameBitsTests)",
        ["Data.mixup"] = "draws of our own; what they do has NumPy's and PyTorch's values (Kernels.Tests/Golden/mixing.py and losses.py)",
        ["Data.cutmix"] = "likewise",
        ["Data.sampling"] = "draws of our own, whose distribution is tested (Kernels.Tests/Data/ClassSamplingTests)",
        ["Data.on_error"] = "likewise",
        ["Data.transforms"] = "each is compared byte for byte with torchvision (Kernels.Tests/Golden/transforms.py)",
        ["ParameterGroup.frozen_statistics"] = "compared in Kernels.Tests/Golden/training.py",
        ["Init.rename"] = "which tensors are taken has tests of its own (Kernels.Tests/Training/WarmStartTests)",
        ["Init.include"] = "likewise",
        ["Init.exclude"] = "likewise",
        ["Init.reset"] = "likewise",
        ["Init.from"] = "a checkpoint of another job (Cluster.Tests/ForkTests)",
        ["Training.early_stopping"] = "torch has none (Kernels.Tests/Training/EarlyStoppingTests)",
        ["Training.evaluate_every_epochs"] = "changes no weight (Node.Tests/Worker/SameBitsTests)",
        ["Training.evaluate_every_steps"] = "changes no weight (Node.Tests/Worker/SameBitsTests)",
        ["JobSpec.cluster"] = "workers never change the result, which each case checks",
        ["JobSpec.log"] = "what is written of a job changes nothing of it",
        ["Training.compute"] = "arithmetic of our own",
        ["Training.gradients"] = "arithmetic of our own",
    };

    [Fact]
    public void Every_field_and_choice_of_a_job_file_is_drawn()
    {
        var missing = Known(JobSpec.Descriptor, []).Except(NotDrawn.Keys).ToHashSet(StringComparer.Ordinal);
        for (var seed = 1; seed <= MostCases && missing.Count > 0; seed++)
        {
            var drawn = new HashSet<string>(StringComparer.Ordinal);
            Collect(drawn, JobSpec.Descriptor, CaseGenerator.Of(seed).Job);
            missing.ExceptWith(drawn);
        }

        Assert.True(
            missing.Count == 0,
            $"No case has {string.Join(", ", missing.Order(StringComparer.Ordinal))}: give each a row in Generation/LayerRows.cs, ModelGenerator.cs or RecipeRows.cs, and in PyTorch/layers.py or recipe.py");
    }

    [Fact]
    public void Networks_are_more_than_what_always_is_there()
    {
        var layers = Enumerable.Range(1, 100).Select(seed => CaseGenerator.Of(seed).Job["model"]!["layers"]!.AsArray().Count).Order().ToList();
        Assert.InRange(layers[50], 5, int.MaxValue); // A flatten and a linear are in all of them.
    }

    [Fact]
    public void What_is_not_drawn_is_in_the_schema() => Assert.Empty(NotDrawn.Keys.Except(Known(JobSpec.Descriptor, [])));

    [Fact]
    public void A_seed_gives_the_same_case_again()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var (first, second) = (CaseGenerator.Of(seed), CaseGenerator.Of(seed));
            Assert.Equal(first.ToString(), second.ToString());
            Assert.Equal(first.Train.Pixels, second.Train.Pixels);
        }
    }

    private static void Collect(HashSet<string> drawn, MessageDescriptor message, JsonNode? value)
    {
        if (value is JsonArray items)
        {
            foreach (var item in items)
            {
                Collect(drawn, message, item);
            }

            return;
        }

        foreach (var (name, child) in (value as JsonObject) ?? [])
        {
            var field = message.FindFieldByName(name);
            Assert.True(field is not null, $"{message.Name} has no field '{name}'");
            drawn.Add(Name(field));
            if (field.FieldType == FieldType.Message)
            {
                Collect(drawn, field.MessageType, child);
            }
            else if (field.FieldType == FieldType.String)
            {
                drawn.Add($"{Name(field)}: {child}");
            }
        }
    }

    /// <summary>Fields, and words of fields that have a choice of them, of a message and of those in it.</summary>
    private static IEnumerable<string> Known(MessageDescriptor message, HashSet<string> seen)
    {
        if (!seen.Add(message.FullName))
        {
            return [];
        }

        return message.Fields.InFieldNumberOrder().Where(field => !field.IsMap).SelectMany(field => NotDrawn.ContainsKey(Name(field))
            ? [Name(field)]
            : field.FieldType == FieldType.Message
                ? Known(field.MessageType, seen).Prepend(Name(field))
                : (field.GetOptions()?.GetExtension(RulesExtensions.Rule)?.OneOf ?? []).Select(word => $"{Name(field)}: {word}").Prepend(Name(field)));
    }

    private static string Name(FieldDescriptor field) => $"{field.ContainingType.Name}.{field.Name}";
}
