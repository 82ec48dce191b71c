-- A token ends with what it comes from, and its maker does not come round that: it puts nothing in the place
-- of a token above it. The successor would be in the hands of who made it, and go on when they are stopped.

CREATE FUNCTION public.take_none_above() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (
    WITH RECURSIVE above AS (
      SELECT p.tenant_id, p.series, p.minted_by
      FROM public.tokens t
      JOIN public.tokens p ON p.tenant_id = t.tenant_id AND p.id = t.minted_by
      WHERE t.tenant_id = NEW.tenant_id AND t.id = NEW.made_with
      UNION
      SELECT p.tenant_id, p.series, p.minted_by
      FROM above a JOIN public.tokens p ON p.tenant_id = a.tenant_id AND p.id = a.minted_by
    )
    SELECT FROM above WHERE series = NEW.series
  ) THEN
    RAISE EXCEPTION 'a token takes the place of none that it comes from'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tokens_take_none_above';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER take_none_above AFTER INSERT ON tokens FOR EACH ROW
WHEN (NEW.made_with IS NOT NULL AND NEW.series <> NEW.id)
EXECUTE FUNCTION public.take_none_above();
