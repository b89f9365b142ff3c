using Dapper;

namespace Trainer.Coordinator.Store;

/// <summary>The statement that lists jobs, with its parameters.</summary>
internal static class JobPageSql
{
    public static (string Sql, DynamicParameters Parameters) Of(JobQuery query, Dialect dialect)
    {
        var (conditions, parameters) = (new List<string>(), new DynamicParameters());
        if (query.States.Count > 0)
        {
            conditions.Add(dialect.AnyOf("state", "states"));
            parameters.Add("states", query.States.Select(state => (long)state).ToArray());
        }

        foreach (var (number, condition) in query.Filter.Conditions.Index())
        {
            conditions.Add($"{Column(condition, dialect.LabelOf($"label{number}"))} {Operator(condition.Comparison)} @value{number}");
            parameters.Add($"value{number}", condition.Value);
            if (condition.Field == JobField.Label)
            {
                parameters.Add($"label{number}", dialect.LabelPath(condition.Key));
            }
        }

        var (column, direction) = (Column(query.Order.Field), query.Order.Descending ? "DESC" : "ASC");
        if (query.After is { } after)
        {
            conditions.Add($"({column}, id) {(query.Order.Descending ? "<" : ">")} (@afterValue, @afterId)");
            parameters.Add("afterValue", after.Value);
            parameters.Add("afterId", after.Id);
        }

        parameters.Add("limit", query.Limit);
        var where = conditions.Count > 0 ? "WHERE " + string.Join(" AND ", conditions) : "";
        return ($"{JobSql.Select} {where} ORDER BY {column} {direction}, id {direction} LIMIT @limit", parameters);
    }

    private static string Column(JobCondition condition, string label) => condition.Field switch
    {
        JobField.State => "state",
        JobField.Name => "name",
        JobField.Creator => "creator",
        JobField.Label => $"COALESCE({label}, '')",
        _ => "created",
    };

    private static string Column(JobOrderField field) => field switch
    {
        JobOrderField.Name => "name",
        JobOrderField.State => "state",
        _ => "created",
    };

    private static string Operator(JobComparison comparison) => comparison switch
    {
        JobComparison.Equal => "=",
        JobComparison.NotEqual => "<>",
        JobComparison.Less => "<",
        JobComparison.LessOrEqual => "<=",
        JobComparison.Greater => ">",
        _ => ">=",
    };
}
