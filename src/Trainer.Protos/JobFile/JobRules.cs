using System.Collections;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>Something in a job that does not satisfy job.proto's rules.</summary>
/// <param name="Path"><c>training.optimizer.sgd.lr</c></param>
/// <param name="Problem"><c>must be greater than 0, got -1</c></param>
public sealed record FieldViolation(string Path, string Problem);

/// <summary>Applies the rules that job.proto gives its fields. What needs shapes or data is not known here.</summary>
public static class JobRules
{
    /// <summary>All violations, in the order of the fields; none: the job is well-formed.</summary>
    public static IReadOnlyList<FieldViolation> Validate(JobSpec spec) => Validate(spec, _ => false);

    /// <summary>A copy in which every absent field that has a default holds it.</summary>
    public static JobSpec WithDefaults(JobSpec spec)
    {
        JobSpec filled = spec.Clone();
        Fill(filled);
        return filled;
    }

    /// <param name="given">Was this path written, be it as 0 or ""? proto3 forgets that.</param>
    internal static IReadOnlyList<FieldViolation> Validate(JobSpec spec, Func<string, bool> given)
    {
        var check = new Check(given);
        check.Message(spec, "");
        if (check.Violations.Count == 0)
            check.Relations(WithDefaults(spec));
        return check.Violations;
    }

    private static void Fill(IMessage message)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            Rule rule = FieldPath.Rule(field);
            bool present = FieldPath.IsPresent(field, message);
            if (!present && rule.HasDefault)
                SetDefault(message, field, rule.Default);
            else if (!present && field.FieldType == FieldType.Message && !field.IsRepeated && MakesSenseEmpty(field))
                field.Accessor.SetValue(message, field.MessageType.Parser.ParseFrom([]));
            if (field.FieldType == FieldType.Message)
                FillChildren(field, field.Accessor.GetValue(message));
        }
    }

    private static void FillChildren(FieldDescriptor field, object? value)
    {
        if (field.IsRepeated)
        {
            foreach (IMessage item in (IList)value!)
                Fill(item);
        }
        else if (value is IMessage child)
        {
            Fill(child);
        }
    }

    private static void SetDefault(IMessage message, FieldDescriptor field, string text)
    {
        if (!ScalarReader.TryRead(field, new YamlScalar(FilePosition.Start, text, Plain: true), out object? value, out string? problem))
            throw new InvalidOperationException($"default of {field.FullName}: {problem}");
        if (field.IsRepeated)
            ((IList)field.Accessor.GetValue(message)).Add(value);
        else
            field.Accessor.SetValue(message, value);
    }

    /// <summary>A section whose fields can all be absent, such as <c>cluster</c>; not one member of a choice.</summary>
    private static bool MakesSenseEmpty(FieldDescriptor field) =>
        field.RealContainingOneof is null
        && !FieldPath.Choices(field.ContainingType).Any(choice => choice.Contains(field))
        && !FieldPath.Choices(field.MessageType).Any()
        && field.MessageType.Fields.InFieldNumberOrder().All(inner => !FieldPath.Rule(inner).Required);

    private sealed class Check(Func<string, bool> given)
    {
        public List<FieldViolation> Violations { get; } = [];

        public void Message(IMessage message, string path)
        {
            foreach (IReadOnlyList<FieldDescriptor> choice in FieldPath.Choices(message.Descriptor))
                Choice(choice, message, path);
            foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
                Field(field, message, FieldPath.Join(path, field.Name));
        }

        /// <summary>What two fields demand of each other; asked only where each is well-formed by itself.</summary>
        public void Relations(JobSpec spec)
        {
            if (spec.Training.HasShards && spec.Training.Shards > spec.Training.BatchSize)
                Add("training.shards", $"must be at most batch_size ({spec.Training.BatchSize}), got {spec.Training.Shards}");
            if (spec.Cluster.HasMaxWorkers && spec.Cluster.MinWorkers > spec.Cluster.MaxWorkers)
                Add("cluster.min_workers", $"must be at most max_workers ({spec.Cluster.MaxWorkers}), got {spec.Cluster.MinWorkers}");
            if (spec.Training.HasShards && spec.Cluster.MinWorkers > spec.Training.Shards)
                Add("cluster.min_workers", $"must be at most training.shards ({spec.Training.Shards}), got {spec.Cluster.MinWorkers}");
        }

        private void Choice(IReadOnlyList<FieldDescriptor> choice, IMessage message, string path)
        {
            string[] present = [.. choice.Where(field => FieldPath.IsPresent(field, message)).Select(field => field.Name)];
            if (present.Length == 0)
                Add(path, $"needs {FieldPath.Either(choice.Select(field => field.Name))}");
            else if (present.Length > 1)
                Add(path, $"takes only one of {string.Join(" and ", present)}");
        }

        private void Field(FieldDescriptor field, IMessage message, string path)
        {
            Rule rule = FieldPath.Rule(field);
            bool present = FieldPath.IsPresent(field, message);
            if (!present && !given(path))
            {
                if (rule.Required)
                    Add(path, "is required");
                return;
            }
            if (rule.OnlyWith.Length > 0 && !FieldPath.IsPresent(field.ContainingType.FindFieldByName(rule.OnlyWith), message))
                Add(path, $"says nothing without {rule.OnlyWith}; remove it");
            object value = field.Accessor.GetValue(message);
            if (field.IsRepeated)
                List(field, rule, (IList)value, path);
            else
                Value(rule, value, path);
        }

        private void List(FieldDescriptor field, Rule rule, IList list, string path)
        {
            Add(path, ValueRules.Count(rule, list.Count));
            for (int i = 0; i < list.Count; i++)
                Value(rule, list[i], FieldPath.Item(field, path, i, list.Count));
        }

        private void Value(Rule rule, object? value, string path)
        {
            if (value is IMessage message)
                Message(message, path);
            else if (value is string text)
                Add(path, ValueRules.String(rule, text));
            else if (value is IFormattable and IConvertible number)
                Add(path, ValueRules.Number(rule, number.ToDouble(CultureInfo.InvariantCulture), number.ToString(CultureInfo.InvariantCulture)));
        }

        private void Add(string path, string? problem)
        {
            if (problem is not null)
                Violations.Add(new(path, problem));
        }
    }
}
