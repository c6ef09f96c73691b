import json
def of(results): return json.dumps(results["cost"], indent=1)
def wrong(results): return [f"{n}: {c['tools']['torchtally']} {c.get('right')}" for n,c in results["cases"].items() if c["tools"]["torchtally"].get("macs") != c.get("right")]
