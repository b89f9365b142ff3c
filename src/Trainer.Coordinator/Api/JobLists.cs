using Trainer.Coordinator.Store;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Pages of jobs, bounded in number and in bytes.</summary>
internal static class JobLists
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 1000;

    // A client takes 4 MiB at a time, unless it is told to take more.
    private const int MostBytes = 3 << 20;

    // Rows are read some at a time: a page of large jobs is full long before the thousandth.
    private const int Batch = 50;

    private const string Orders = "create_time, name or state, with desc behind it for descending";

    public static async Task<ListJobsResponse> ReadAsync(IJobStore store, ListJobsRequest request)
    {
        Check(request);
        var (size, order) = (request.PageSize == 0 ? DefaultPageSize : request.PageSize, Order(request.OrderBy));
        var query = new JobQuery
        {
            States = request.States,
            Filter = JobFilterText.Read(request.Filter),
            Order = order,
            After = PageToken.Read(request.PageToken, order),
            Limit = Batch,
        };
        var (page, bytes) = (new ListJobsResponse(), 0L);
        for (JobCursor? last = null; ;)
        {
            var rows = await store.ListAsync(query with { After = last ?? query.After });
            foreach (var row in rows)
            {
                var job = Show(row.ToJob(), request.View);
                bytes += job.CalculateSize();
                if (page.Jobs.Count == size || bytes > MostBytes && page.Jobs.Count > 0)
                {
                    page.NextPageToken = PageToken.Write(order, last!);
                    return page;
                }

                page.Jobs.Add(job);
                last = new JobCursor(order.Of(row), row.Id);
            }

            if (rows.Count < Batch)
            {
                return page;
            }
        }
    }

    public static Job Show(Job job, JobView view)
    {
        if (view != JobView.Basic)
        {
            return job;
        }

        var basic = job.Clone(); // Its parts are the row's own, and must not be changed.
        (basic.Spec.Model, basic.Spec.Data) = (null, null);
        basic.Transitions.Clear();
        while (basic.Epochs.Count > 1)
        {
            basic.Epochs.RemoveAt(0);
        }

        return basic;
    }

    private static void Check(ListJobsRequest request)
    {
        if (request.PageSize is < 0 or > MaxPageSize)
        {
            throw ApiErrors.InvalidField("page_size", $"must be 0 (for {DefaultPageSize}) to {MaxPageSize}, got {request.PageSize}");
        }

        foreach (var (index, state) in request.States.Index())
        {
            if (state == JobState.Unspecified || !Enum.IsDefined(state))
            {
                throw ApiErrors.InvalidField($"states[{index}]", $"must be {JobStates.EitherName}, got {state.Name()}");
            }
        }

        if (!Enum.IsDefined(request.View))
        {
            throw ApiErrors.InvalidField("view", $"must be BASIC or FULL, got {(int)request.View}");
        }
    }

    private static JobOrder Order(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
    {
        [] => JobOrder.NewestFirst,
        [var field, .. var direction] when Field(field) is { } known && direction is [] or ["asc"] or ["desc"] => new JobOrder(known, direction is ["desc"]),
        _ => throw ApiErrors.InvalidField("order_by", $"must be {Orders}, got '{text}'"),
    };

    private static JobOrderField? Field(string name) => name switch
    {
        "create_time" => JobOrderField.CreateTime,
        "name" => JobOrderField.Name,
        "state" => JobOrderField.State,
        _ => null,
    };
}
