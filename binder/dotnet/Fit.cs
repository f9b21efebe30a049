// Fits a line to rows of a CSV file by gradient descent, and logs every step to the workspace.
// Runs under .NET (`dotnet run -- rows.csv model.json 0.1 200`) and under Mono; outside a job it only prints.
using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;

/// <summary>The run that the job is, by MLflow's REST API; nothing where there is none.</summary>
class Run
{
    readonly string id = Environment.GetEnvironmentVariable("MLFLOW_RUN_ID");
    readonly string uri = Environment.GetEnvironmentVariable("MLFLOW_TRACKING_URI");
    readonly HttpClient client = new HttpClient();

    public Run()
    {
        var token = Environment.GetEnvironmentVariable("MLFLOW_TRACKING_TOKEN");
        if (token != null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public void LogParameter(string key, string value)
    {
        Post("log-parameter", "\"key\": \"" + key + "\", \"value\": \"" + value + "\"");
    }

    public void LogMetric(string key, double value, int step)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Post("log-metric", "\"key\": \"" + key + "\", \"value\": " + Text(value)
            + ", \"timestamp\": " + now + ", \"step\": " + step);
    }

    public static string Text(double value)
    {
        return value.ToString("R", CultureInfo.InvariantCulture);
    }

    void Post(string what, string fields)
    {
        if (id == null || uri == null) return;
        var body = "{\"run_id\": \"" + id + "\", " + fields + "}";
        var content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = client.PostAsync(uri + "/api/2.0/mlflow/runs/" + what, content).GetAwaiter().GetResult();
        answer.EnsureSuccessStatusCode();
    }
}

static class Fit
{
    static int Main(string[] args)
    {
        if (args.Length != 4)
        {
            Console.Error.WriteLine("usage: Fit ROWS.csv MODEL.json LEARNING_RATE STEPS");
            return 2;
        }
        var rows = File.ReadLines(args[0]).Skip(1)
            .Select(line => line.Split(',').Select(Number).ToArray()).ToArray();
        double rate = Number(args[2]);
        int steps = int.Parse(args[3], CultureInfo.InvariantCulture);
        var run = new Run();
        run.LogParameter("runtime", Type.GetType("Mono.Runtime") == null ? "dotnet" : "mono");

        double slope = 0, offset = 0;
        for (int step = 0; step <= steps; step++)
        {
            var off = rows.Select(row => slope * row[0] + offset - row[1]).ToArray();
            double loss = off.Average(value => value * value);
            if (step % 10 == 0)
            {
                run.LogMetric("loss", loss, step);
                Console.WriteLine("step {0}: loss {1}", step, Run.Text(loss));
            }
            slope -= rate * 2 * off.Zip(rows, (value, row) => value * row[0]).Average();
            offset -= rate * 2 * off.Average();
        }
        File.WriteAllText(args[1], "{\"slope\": " + Run.Text(slope) + ", \"offset\": " + Run.Text(offset) + "}\n");
        return 0;
    }

    static double Number(string text)
    {
        return double.Parse(text, CultureInfo.InvariantCulture);
    }
}
