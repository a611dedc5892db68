"""A folder that is watched: each new picture is inspected once, in order of arrival."""
