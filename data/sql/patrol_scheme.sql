-- The scheme whose grids patrols are counted by in a city: the one named :preferred, else one for duties, else the
-- oldest that covers the whole city.
SELECT id FROM schemes
WHERE tree = :tree AND extent = 'whole' AND version > 0
ORDER BY name = :preferred DESC, kind = 'duty' DESC, id
LIMIT 1
