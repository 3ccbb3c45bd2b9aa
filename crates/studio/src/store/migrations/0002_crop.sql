-- How the person framed a photo whose other steps are left to Auto: a crop step as JSON. NULL where nothing is cut, and where `recipe` says all.
ALTER TABLE queue ADD COLUMN crop TEXT;
