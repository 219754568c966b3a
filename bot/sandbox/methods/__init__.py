"""The Web API's methods, one file per family; `table` names them all with their scopes and rate tiers."""
